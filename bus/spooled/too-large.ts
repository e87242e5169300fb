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

const LETTER_BYTES_MAX = 2 * 1024;

/**
 * Sends one record by itself, of a request that Kafka refused as too large. Where it is refused again it is halved by rows,
 * and its halves; only a row that is refused alone, or what has no rows, becomes a dead letter with the start of it.
 * Returns how many dead letters there were.
 */
export async function sendTooLarge(
  record: BusRecord,
  partition: number,
  topic: string,
  parts: ForwarderParts,
  schemaOf: (fingerprint: number) => Schema | undefined,
): Promise<number> {
  const [message] = mergeRecords([record], schemaOf, { bytesMax: 0, rowsMax: 0 });
  const to = { partition, topic: parts.router.topicOf(topic, record.stream), parts };
  return sendOrHalve(message!, schemaOf(message!.schema), to);
}

interface Destination {
  partition: number;
  topic: string;
  parts: ForwarderParts;
}

/** What was sent before a fault is sent once more after it, with the same origins. */
async function sendOrHalve(message: ForwardMessage, schema: Schema | undefined, to: Destination): Promise<number> {
  if (await sendAlone(message, to)) return 0;
  const bytes = message.value?.length ?? 0;
  const halves = schema && message.rows > 1 ? splitMessage(message, schema, bytes - 1) : null;
  let letters = 0;
  for (const half of halves ?? []) letters += await sendOrHalve(half, schema, to);
  if (halves !== null) return letters;
  const deadLetters = to.parts.router.topicOf(DEAD_LETTERS_TOPIC, '');
  await to.parts.writer.send([{ topic: deadLetters, messages: [letterOf(message, to)] }]);
  return 1;
}

/** False when it is too large. */
async function sendAlone(message: ForwardMessage, { partition, topic, parts }: Destination): Promise<boolean> {
  const { writer, registry } = parts;
  try {
    await writer.send([{ topic, messages: [messageOf(partition, message, message.value, message.schema, registry)] }]);
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

function letterOf(message: ForwardMessage, { partition, topic }: Destination): OutgoingMessage {
  const { stream, key, receivedUs, writer, sequence, parts } = message;
  const value = message.value ?? Buffer.alloc(0);
  const what = message.rows === 1 ? 'a row' : 'a record';
  const bytes = encodeDeadLetter({
    stream,
    code: 'payload-too-large',
    reason: `${what} of ${value.length} bytes is more than the topic ${topic} takes (max.message.bytes); its start is kept`,
    stage: 'bus',
    column: null,
    cell: null,
    expected: null,
    client: writer,
    receivedUs,
    decoder: 'avro',
    original: Buffer.from(value.subarray(0, LETTER_BYTES_MAX)),
  });
  // Of several rows of a record, each has its own origin.
  const meta: RecordMeta = {
    kind: 'data',
    key,
    stream,
    receivedUs,
    writer,
    sequence,
    tags: '',
    ...(parts && { parts }),
  };
  return messageOf(partition, meta, bytes, 0, null);
}
