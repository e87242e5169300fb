import { blockFootprint, SEGMENT_BYTES_MAX, sealBlock, segmentsOf } from './block-format.js';
import { blockKeyBytes, setSegment } from './block-key.js';
import { type Head, headKey, writeHead } from './heads.js';
import type { LogCommit } from './log-commit.js';
import type { LogStore } from './log-store.js';
import type { PartitionLog, Topic } from './partition-log.js';
import type { Drop } from './retention.js';

/**
 * What one LMDB transaction changes: the records, facts and schemas of some commits, and the blocks that are dropped.
 * `fill` hands it to LMDB; `apply` takes over the new heads once it is durable. Nothing changes here before.
 */
export class Transaction {
  private readonly heads = new Map<PartitionLog, Head>();
  private readonly numbers = new Map<Topic, number>();

  constructor(
    private readonly store: LogStore,
    private readonly commits: readonly LogCommit[],
    private readonly drops: readonly Drop[],
    private readonly nowUs: number,
    private topicsKnown: number,
  ) {}

  fill(): void {
    for (const commit of this.commits) {
      for (const [log, part] of commit.parts) {
        for (const block of part.blocks) {
          // A record that threw while it was written may have left a block without any.
          if (block.count > 0) this.putBlock(log, block.buffer.subarray(0, block.bytes), block.count);
        }
      }
      for (const { key, value } of commit.facts.values()) {
        if (value === null) this.store.facts.remove(key);
        else this.store.facts.put(key, value);
      }
      for (const [fingerprint, schema] of commit.schemas) {
        this.store.schemas.put(schemaKey(fingerprint), Buffer.from(JSON.stringify(schema.fields)));
      }
    }
    for (const { log, block, unread } of this.drops) {
      const key = blockKeyBytes(block);
      for (let segment = 0; segment < segmentsOf(block.bytes); segment++) {
        setSegment(key, segment);
        this.store.blocks.remove(key);
      }
      const head = this.headOf(log);
      head.start = block.first + block.count;
      head.storedBytes -= blockFootprint(block.bytes);
      head.dropped += unread;
    }
    for (const [log, head] of this.heads) {
      this.store.heads.put(headKey(this.numberOf(log.topic), log.partition), writeHead(head));
    }
  }

  /** Bytes on disk that came, less those that went. */
  apply(): number {
    for (const [topic, number] of this.numbers) topic.number = number;
    let change = 0;
    for (const [log, head] of this.heads) {
      change += head.storedBytes - log.head.storedBytes;
      log.head = head;
      log.settle();
    }
    for (const commit of this.commits) {
      for (const [log, part] of commit.parts) log.bytesHint = part.bytes + part.bytes / 8;
    }
    return change;
  }

  /** Topics it makes. */
  get newTopics(): number {
    return this.numbers.size;
  }

  private putBlock(log: PartitionLog, block: Buffer, count: number): void {
    const head = this.headOf(log);
    sealBlock(block, head.end, count, this.nowUs);
    // lmdb-js copies the key at once, the value when it writes.
    const key = blockKeyBytes({
      topic: this.numberOf(log.topic),
      partition: log.partition,
      first: head.end,
      count,
      bytes: block.length,
      appendedUs: this.nowUs,
      segment: 0,
    });
    for (let segment = 0, at = 0; at < block.length; segment++, at += SEGMENT_BYTES_MAX) {
      setSegment(key, segment);
      this.store.blocks.put(key, block.subarray(at, at + SEGMENT_BYTES_MAX));
    }
    head.end += count;
    head.storedBytes += blockFootprint(block.length);
  }

  private headOf(log: PartitionLog): Head {
    let head = this.heads.get(log);
    if (!head) {
      head = { ...log.head };
      this.heads.set(log, head);
    }
    return head;
  }

  private numberOf(topic: Topic): number {
    if (topic.number !== undefined) return topic.number;
    let number = this.numbers.get(topic);
    if (number === undefined) {
      number = this.topicsKnown++;
      const bytes = Buffer.alloc(2);
      bytes.writeUInt16BE(number);
      this.store.topics.put(Buffer.from(topic.name), bytes);
      this.numbers.set(topic, number);
    }
    return number;
  }
}

export function schemaKey(fingerprint: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(fingerprint));
  return key;
}
