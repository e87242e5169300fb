import type { TopicMessages } from '../../kafka/kafka-writer.js';

export type ChangelogMessage = TopicMessages['messages'][number] & { key: Buffer; value: Buffer | null };

export interface BatchLimits {
  /** Bytes of a batch before it is compressed. One larger value is a batch of its own. */
  bytes: number;
  records: number;
}

/** What a record takes beside its key and value, at most. */
const RECORD_BYTES = 32;

/** The messages in batches within the limits, in order. None is empty. */
export function* batchesOf(
  messages: Iterable<ChangelogMessage>,
  limits: BatchLimits,
): Generator<ChangelogMessage[], void, void> {
  let batch: ChangelogMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const more = RECORD_BYTES + message.key.length + (message.value?.length ?? 0);
    if (batch.length > 0 && (bytes + more > limits.bytes || batch.length >= limits.records)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}
