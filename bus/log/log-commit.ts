import type { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import type { Commit, RecordMeta, RecordValue } from '../bus.js';
import { BlockWriter } from './block-writer.js';
import type { BufferPool } from './buffer-pool.js';
import { factKey } from './fact-keys.js';
import type { PartitionLog } from './partition-log.js';

/** What a commit needs of the log it belongs to. */
export interface CommitOwner {
  readonly pool: BufferPool;
  partitionLog(topic: string, partition: number): PartitionLog;
  knowsSchema(fingerprint: number): boolean;
  submit(commit: LogCommit): Promise<void>;
  abandoned(): void;
}

/** A commit of the embedded log: records are encoded as they are appended, offsets are given when it is written. */
export class LogCommit implements Commit {
  state: 'open' | 'submitted' | 'done' = 'open';
  readonly parts = new Map<PartitionLog, BlockWriter>();
  readonly facts = new Map<string, { key: Buffer; value: Buffer | null }>();
  readonly schemas = new Map<number, Schema>();
  bytes = 0;
  records = 0;
  /** Set by the queue; settled when the commit is durable or has failed. */
  resolve: () => void = () => {};
  reject: (error: unknown) => void = () => {};
  private lastTopic = '';
  private lastPartition = -1;
  private lastPart: BlockWriter | null = null;

  constructor(private readonly owner: CommitOwner) {}

  append(topic: string, partition: number, meta: RecordMeta, value: RecordValue): void {
    this.mustBeOpen('append');
    const part =
      partition === this.lastPartition && topic === this.lastTopic && this.lastPart
        ? this.lastPart
        : this.part(topic, partition);
    const before = part.bytes;
    part.append(meta, value);
    this.bytes += part.bytes - before;
    this.records++;
  }

  setFact(table: string, key: string, value: Uint8Array | null): void {
    this.mustBeOpen('setFact');
    const bytes = factKey(table, key);
    this.facts.set(`${table}\0${key}`, { key: bytes, value: value === null ? null : Buffer.from(value) });
  }

  addSchema(schema: Schema): void {
    this.mustBeOpen('addSchema');
    if (!this.owner.knowsSchema(schema.fingerprint)) this.schemas.set(schema.fingerprint, schema);
  }

  get isEmpty(): boolean {
    return this.records === 0 && this.facts.size === 0 && this.schemas.size === 0;
  }

  async commit(): Promise<void> {
    this.mustBeOpen('commit');
    this.state = 'submitted';
    await this.owner.submit(this);
  }

  abandon(): void {
    if (this.state !== 'open') return;
    this.finish();
    this.owner.abandoned();
  }

  /** Gives its buffers back. */
  finish(): void {
    this.state = 'done';
    for (const part of this.parts.values()) part.release();
    this.parts.clear();
    this.lastPart = null;
  }

  private part(topic: string, partition: number): BlockWriter {
    const log = this.owner.partitionLog(topic, partition);
    let part = this.parts.get(log);
    if (!part) {
      part = new BlockWriter(this.owner.pool, log.bytesHint);
      this.parts.set(log, part);
    }
    this.lastTopic = topic;
    this.lastPartition = partition;
    this.lastPart = part;
    return part;
  }

  private mustBeOpen(what: string): void {
    if (this.state === 'open') return;
    throw new PitwallError('internal', `${what}: the commit has been committed or abandoned already`, { stage: 'bus' });
  }
}
