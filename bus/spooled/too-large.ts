import type { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { typeOf } from '../../kafka/kafka-fault.js';
import { encodeDeadLetter } from '../../schemas/dead-letter.js';
import { type BusRecord, DEAD_LETTERS_TOPIC, type RecordMeta } from '../bus.js';
import { messageOf, type OutgoingMessage } from '../kafka/kafka-message.js';
import type { ForwardMessage } from './forward-message.js';
import type { ForwarderParts } from './forwarder.js';
import { mergeRecords } from './merge-records.js';
import { splitMessage } from './split-message.js';

/** Headers and framing of a message beside its value. */
const ROOM_BYTES = 4 * 1024;
const SMALLEST_BYTES = 4 * 1024;
const LETTER_BYTES_MAX = 2 * 1024;

/**
 * Sends one record that Kafka refused as too large: cut by rows into smaller and smaller messages, and when a row of its
 * own is refused, as a dead letter with the start of it. Returns how many records became dead letters.
 */
export async function sendTooLarge(
  record: BusRecord,
  partition: number,
  topic: string,
  parts: ForwarderParts,
  schemaOf: (fingerprint: number) => Schema | undefined,
): Promise<number> {
  const [message] = mergeRecords([record], schemaOf, { bytesMax: 0, rowsMax: 0 });
  const schema = schemaOf(message!.schema);
  const name = parts.router.topicOf(topic, record.stream);
  for (let bytes = record.value.length; schema && bytes >= SMALLEST_BYTES; bytes = Math.floor(bytes / 2)) {
    const pieces = splitMessage(message!, schema, bytes - ROOM_BYTES);
    if (pieces === null) break;
    if (await sendEach(pieces, partition, name, parts)) return 0;
  }
  await parts.writer.send([
    { topic: parts.router.topicOf(DEAD_LETTERS_TOPIC, ''), messages: [letterOf(record, partition, name)] },
  ]);
  return 1;
}

/** One by one, so that each is a batch of its own; false when one is still too large. What was sent counts all the same. */
async function sendEach(
  pieces: readonly ForwardMessage[],
  partition: number,
  topic: string,
  { writer, registry }: ForwarderParts,
): Promise<boolean> {
  try {
    for (const piece of pieces) {
      const message = messageOf(partition, piece, piece.value, piece.schema, registry);
      await writer.send([{ topic, messages: [message] }]);
    }
    return true;
  } catch (error) {
    if (isTooLarge(error)) return false;
    throw error;
  }
}

export function isTooLarge(error: unknown): boolean {
  const type = typeOf(error instanceof PitwallError ? error.cause : error);
  return type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE';
}

function letterOf(record: BusRecord, partition: number, topic: string): OutgoingMessage {
  const { stream, key, receivedUs, writer, sequence } = record;
  const bytes = encodeDeadLetter({
    stream,
    code: 'payload-too-large',
    reason: `a record of ${record.value.length} bytes is more than the topic ${topic} takes (max.message.bytes); its start is kept`,
    stage: 'bus',
    column: null,
    cell: null,
    expected: null,
    client: writer,
    receivedUs,
    decoder: 'avro',
    original: Buffer.from(record.value.subarray(0, LETTER_BYTES_MAX)),
  });
  const meta: RecordMeta = { kind: 'data', key, stream, receivedUs, writer, sequence, tags: '' };
  return messageOf(partition, meta, bytes, 0, null);
}
