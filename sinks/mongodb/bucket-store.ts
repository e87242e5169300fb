import { setTimeout as delay } from 'node:timers/promises';
import type { Refuse, RefusedRow, RequestBuilder } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import type { SinkBatch } from '../sink.js';
import { BsonBuffer } from './bson-buffer.js';
import { type Bucket, BucketBuilder, bucketKey } from './bucket-builder.js';
import { BucketColumns } from './bucket-columns.js';
import { type BucketState, type BucketStep, EMPTY, missingRows, nextStep, stateOf } from './bucket-state.js';
import { writeBucketStatement } from './bucket-statement.js';
import type { MongodbConnection } from './mongodb-connection.js';
import { isOfId, MongodbStore, reasonOf } from './mongodb-store.js';
import { StreamCache } from './stream-cache.js';

/** Of a command; one statement more, which is no larger than a part and a row, always fits behind it. */
const COMMAND_BYTES_MAX = 16 * 1024 * 1024;
const STATES_MAX = 10_000;
const BUCKETS_AT_ONCE = 100;
/** How often others may write to the same buckets at the same moment. */
const ATTEMPTS_MAX = 20;
const WAIT_MS = 50;

type Planned = { bucket: Bucket } & BucketStep;

/**
 * A document a stream and bucket of time, with an array a column. Each holds which rows it has, and is written on the
 * condition that this is what the sink knows of it; where it is not, that is read, and the rows that are there left out.
 */
export class BucketStore extends MongodbStore<Bucket[]> {
  readonly inFlightMax = 1;
  private readonly columns = new StreamCache((record) => new BucketColumns(record));
  private readonly columnsOf = (record: SinkBatch): BucketColumns => this.columns.of(record);
  private readonly states = new Map<string, BucketState>();

  override async open(signal: AbortSignal): Promise<void> {
    this.states.clear();
    await super.open(signal);
  }

  builder(refuse: Refuse): RequestBuilder<Bucket[]> {
    return new BucketBuilder(this.names, this.columns, this.options.bucketUs, refuse);
  }

  async send(request: Bucket[], signal: AbortSignal): Promise<RefusedRow[]> {
    const refused: RefusedRow[] = [];
    if (this.states.size > STATES_MAX) this.states.clear();
    const collections = new Set(request.map(({ collection }) => collection));
    for (const collection of collections) {
      const buckets = request.filter((bucket) => bucket.collection === collection);
      refused.push(...(await this.sendTo(collection, buckets, signal)));
    }
    return refused;
  }

  private async sendTo(collection: string, buckets: Bucket[], signal: AbortSignal): Promise<RefusedRow[]> {
    const connection = await this.ready(collection, signal);
    const refused: RefusedRow[] = [];
    let pending = buckets;
    for (let attempt = 0; ; ) {
      await this.learn(connection, pending, signal);
      pending = pending
        .map((bucket) => ({ ...bucket, spans: missingRows(bucket.spans, this.stateOf(bucket)) }))
        .filter(({ spans }) => spans.length > 0);
      if (pending.length === 0) break;
      const out = new BsonBuffer(64 * 1024);
      const steps = this.plan(pending, out);
      const { n, writeErrors } = await connection.write('update', collection, out.take(), signal).catch((error) => {
        this.forget(steps);
        throw error;
      });
      const faults = writeErrors.filter((error) => !isOfId(error));
      if (n === steps.length && writeErrors.length === 0) {
        for (const { bucket, after } of steps) this.keep(bucket, after);
        continue;
      }
      this.forget(steps);
      for (const fault of faults) pending = leftOut(pending, steps[fault.index]!, reasonOf(fault), refused);
      if (faults.length > 0) continue;
      if (++attempt === ATTEMPTS_MAX) throw new StoreFault('away', 'somebody else keeps writing to the same buckets');
      // Until what the other has written is on most of the servers.
      await delay(attempt * WAIT_MS, undefined, { signal });
    }
    return refused;
  }

  /** The next rows of each bucket; those that do not fit into a command wait for the next one. */
  private plan(pending: readonly Bucket[], out: BsonBuffer): Planned[] {
    const steps: Planned[] = [];
    for (const bucket of pending) {
      if (out.at >= COMMAND_BYTES_MAX) break;
      const step = nextStep(bucket.spans, this.stateOf(bucket), this.columnsOf);
      writeBucketStatement(bucket, step, this.columnsOf, out);
      steps.push({ bucket, ...step });
    }
    return steps;
  }

  /** Reads what is in those buckets of which it is not known. */
  private async learn(connection: MongodbConnection, buckets: readonly Bucket[], signal: AbortSignal): Promise<void> {
    const unknown = buckets.filter((bucket) => !this.states.has(bucketKey(bucket)));
    for (let at = 0; at < unknown.length; at += BUCKETS_AT_ONCE) {
      const some = unknown.slice(at, at + BUCKETS_AT_ONCE);
      const filter = { $or: some.map(({ stream, startUs }) => ({ stream, time: new Date(startUs / 1000) })) };
      const found = await connection.find(some[0]!.collection, filter, { count: 1, _state: 1 }, signal);
      for (const bucket of some) this.keep(bucket, EMPTY);
      for (const document of found) {
        const { stream, time } = document._id;
        const bucket = { collection: some[0]!.collection, stream, startUs: time.getTime() * 1000 };
        const state = stateOf(document);
        if (state.part >= this.stateOf(bucket).part) this.keep(bucket, state);
      }
    }
  }

  private stateOf(bucket: Omit<Bucket, 'spans'>): BucketState {
    return this.states.get(bucketKey(bucket)) ?? EMPTY;
  }

  private keep(bucket: Omit<Bucket, 'spans'>, state: BucketState): void {
    this.states.set(bucketKey(bucket), state);
  }

  private forget(steps: readonly Planned[]): void {
    for (const { bucket } of steps) this.states.delete(bucketKey(bucket));
  }
}

/** Without a row that the server has refused; of several it is not known which, so that they are tried in parts. */
function leftOut(pending: readonly Bucket[], step: Planned, reason: string, refused: RefusedRow[]): Bucket[] {
  if (step.rows > 1) throw new StoreFault('rows', reason);
  const { record, from: row } = step.spans[0]!;
  refused.push({ record, row, reason });
  return pending.map((bucket) => {
    if (bucketKey(bucket) !== bucketKey(step.bucket)) return bucket;
    const [first, ...others] = bucket.spans;
    return { ...bucket, spans: [{ ...first!, from: row + 1 }, ...others].filter(({ from, to }) => from < to) };
  });
}
