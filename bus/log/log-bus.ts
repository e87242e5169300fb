import { Schema } from '../../columnar/schema.js';
import { nowUs } from '../../core/clock.js';
import { PitwallError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { Bus, Commit, ReadRun } from '../bus.js';
import { BufferPool } from './buffer-pool.js';
import { CommitQueue } from './commit-queue.js';
import { factKey } from './fact-keys.js';
import { EMPTY_HEAD, type Head, headKey, readHead, TopicNumbers } from './heads.js';
import { type CommitOwner, LogCommit } from './log-commit.js';
import { LogReader } from './log-reader.js';
import { failed, LogStore } from './log-store.js';
import { PartitionLog } from './partition-log.js';
import { Retention, type RetentionLimits } from './retention.js';
import { schemaKey } from './transaction.js';
import { WriterClaim } from './writer-claim.js';

export interface LogBusOptions {
  /** Folder of the log; made when it is not there. One log a folder, one writer a log. */
  dir: string;
  /** Partitions of every topic: fixed when the log is made. May be left out where it has been made already. */
  partitions?: number;
  /** Records older than this go once every registered reader has passed them; null = never. */
  retainUs?: number | null;
  /** What the log may take on disk, nearly, without its facts; null = no bound. */
  sizeBytes?: number | null;
  /** When that is used up by records some reader has not passed: let commits wait, or drop the oldest and count. */
  whenFull?: 'hold' | 'drop-oldest';
  /**
   * Threads of this process that follow one another have one owner: the log that one left open when it died is its
   * successor's.
   */
  owner?: string;
  /** Reads what another thread or process writes. */
  readOnly?: boolean;
  logger?: Logger;
  /** Wall clock, microseconds since 1970; tells the age of records. */
  nowUs?: () => number;
}

const POOL_BYTES = 32 * 1024 * 1024;
const TOPIC_BYTES_MAX = 512;
const TOPICS_MAX = 65_535;
const PARTITIONS_MAX = 65_534;
const FACTS_AT_ONCE = 256;
const PARTITIONS_KEY = Buffer.from('partitions');
const FORMAT_KEY = Buffer.from('format');
const FORMAT = '1';

/** The embedded log on LMDB. See README.md beside this file for its layout on disk and what it promises. */
export class LogBus implements Bus {
  readonly partitions: number;
  private readonly reader: LogReader;
  private readonly numbers: TopicNumbers;
  private readonly schemas = new Map<number, Schema>();
  private readonly logs = new Map<string, PartitionLog[]>();
  private readonly retention: Retention;
  private readonly logger: Logger | undefined;
  private readonly claim: WriterClaim | null = null;
  private readonly queue: CommitQueue | null = null;
  private readonly owner: CommitOwner = {
    pool: new BufferPool(POOL_BYTES),
    partitionLog: (topic, partition) => this.partitionLog(topic, partition),
    knowsSchema: (fingerprint) => this.schema(fingerprint) !== undefined,
    submit: (commit) => this.writing('commit').submit(commit),
    abandoned: () => this.queue?.run(),
  };
  private closing: Promise<void> | null = null;

  static open(options: LogBusOptions): LogBus {
    const store = new LogStore(options.dir, options.readOnly ?? false);
    try {
      return new LogBus(store, options);
    } catch (error) {
      void store.close();
      throw error;
    }
  }

  private constructor(
    private readonly store: LogStore,
    options: LogBusOptions,
  ) {
    this.partitions = fixedPartitions(store, options);
    this.numbers = new TopicNumbers(store);
    this.reader = new LogReader(store, this.numbers);
    const limits: RetentionLimits = {
      retainUs: options.retainUs ?? null,
      sizeBytes: options.sizeBytes ?? null,
      whenFull: options.whenFull ?? 'hold',
    };
    this.logger = options.logger;
    this.retention = new Retention(store, limits, () => this.allLogs());
    if (options.readOnly) return;
    this.claim = WriterClaim.take(store, options.owner ?? null);
    let storedBytes = 0;
    const topics = this.numbers.all();
    for (const [topic] of topics) for (const log of this.partitionLogs(topic)) storedBytes += log.head.storedBytes;
    this.queue = new CommitQueue(
      store,
      this.claim,
      this.retention,
      options.nowUs ?? nowUs,
      (commits) => this.remember(commits),
      options.logger,
      { storedBytes, topics: topics.length },
    );
  }

  begin(): Commit {
    const commit = new LogCommit(this.owner);
    this.writing('begin').add(commit);
    return commit;
  }

  read(topic: string, partition: number, offset: number, bytesMax: number): ReadRun {
    return this.reader.read(topic, partition, offset, bytesMax);
  }

  end(topic: string, partition: number): number {
    return this.reader.head(topic, partition).end;
  }

  start(topic: string, partition: number): number {
    return this.reader.head(topic, partition).start;
  }

  fact(table: string, key: string): Buffer | undefined {
    const bytes = factKey(table, key);
    return this.store.snapshot(() => {
      const value = this.store.facts.getBinaryFast(bytes);
      return value && Buffer.from(value.subarray(0, value.length));
    });
  }

  /** Ascending by the key's UTF-8 bytes. Facts that change meanwhile may show either way. */
  *facts(table: string, prefix = ''): Iterable<[key: string, value: Buffer]> {
    const first = factKey(table, prefix);
    const end = Buffer.concat([first, Buffer.from([0xff])]);
    const keyAt = Buffer.byteLength(table) + 1;
    let start: Buffer | null = first;
    while (start !== null) {
      const range: { start: Buffer; end: Buffer; limit: number } = { start, end, limit: FACTS_AT_ONCE };
      const some = this.store.snapshot(() => [...this.store.facts.getRange(range)]);
      for (const { key, value } of some) yield [key.toString('utf8', keyAt), value];
      const last: Buffer | undefined = some.length === FACTS_AT_ONCE ? some.at(-1)!.key : undefined;
      start = last ? Buffer.concat([last, Buffer.from([0])]) : null;
    }
  }

  schema(fingerprint: number): Schema | undefined {
    const known = this.schemas.get(fingerprint);
    if (known) return known;
    const text = this.store.snapshot(() => this.store.schemas.getBinaryFast(schemaKey(fingerprint))?.toString());
    if (text === undefined) return undefined;
    const schema = new Schema(JSON.parse(text));
    this.schemas.set(fingerprint, schema);
    return schema;
  }

  /** An infinite offset ends the hold of the reader. */
  hold(reader: string, topic: string, partition: number, offset: number): void {
    const queue = this.writing('hold');
    const { holds } = this.partitionLog(topic, partition);
    if (offset === Number.POSITIVE_INFINITY) holds.delete(reader);
    else holds.set(reader, offset);
    if (queue.full) queue.run();
  }

  /** From now on records are dropped by age and size. Call it when all readers that must not miss anything hold. */
  startRetention(): void {
    this.retention.start();
    this.writing('startRetention').run();
  }

  /** The log has reached its size with records that are still held; commits wait. */
  get full(): boolean {
    return this.queue?.full ?? false;
  }

  get storedBytes(): number {
    if (this.queue) return this.queue.storedBytes;
    let bytes = 0;
    for (const [, number] of this.numbers.all()) {
      for (let p = 0; p < this.partitions; p++) bytes += this.headOf(number, p).storedBytes;
    }
    return bytes;
  }

  /** Topic → records that were dropped, ever, before every registered reader had passed them. */
  get dropped(): Map<string, number> {
    const dropped = new Map<string, number>();
    for (const [topic, number] of this.numbers.all()) {
      let records = 0;
      for (let p = 0; p < this.partitions; p++) records += this.headOf(number, p).dropped;
      if (records > 0) dropped.set(topic, records);
    }
    return dropped;
  }

  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private partitionLog(topic: string, partition: number): PartitionLog {
    const log = this.partitionLogs(topic)[partition];
    if (log) return log;
    throw new PitwallError(
      'internal',
      `topic "${topic}" has no partition ${partition}, only 0 to ${this.partitions - 1}`,
      {
        stage: 'bus',
      },
    );
  }

  private async shut(): Promise<void> {
    await this.queue?.close();
    this.reader.close();
    try {
      this.claim?.release();
    } catch (error) {
      // A full disk, say. The claim ends with the process anyway.
      this.logger?.warn('the right to write to the log could not be given back', { error: String(error) });
    }
    await this.store.close();
  }

  private remember(commits: readonly LogCommit[]): void {
    for (const commit of commits) {
      for (const [fingerprint, schema] of commit.schemas) this.schemas.set(fingerprint, schema);
    }
  }

  private writing(what: string): CommitQueue {
    if (this.queue && !this.closing) return this.queue;
    const why = this.closing ? 'is closed' : 'was opened for reading only';
    throw new PitwallError('bus-failed', `${what}: the log in ${this.store.dir} ${why}`, { stage: 'bus' });
  }

  private *allLogs(): Iterable<PartitionLog> {
    for (const logs of this.logs.values()) yield* logs;
  }

  private partitionLogs(topic: string): PartitionLog[] {
    let logs = this.logs.get(topic);
    if (!logs) {
      const bytes = Buffer.byteLength(topic);
      if (bytes === 0 || bytes > TOPIC_BYTES_MAX || this.logs.size >= TOPICS_MAX) {
        const limits = `1 to ${TOPIC_BYTES_MAX} bytes, and at most ${TOPICS_MAX} topics`;
        throw new PitwallError('internal', `topic "${topic.slice(0, 40)}": a log takes names of ${limits}`, {
          stage: 'bus',
        });
      }
      const number = this.store.snapshot(() => this.numbers.numberOf(topic));
      const shared = { name: topic, number };
      logs = [];
      for (let p = 0; p < this.partitions; p++) {
        logs.push(new PartitionLog(shared, p, number === undefined ? { ...EMPTY_HEAD } : this.headOf(number, p)));
      }
      this.logs.set(topic, logs);
    }
    return logs;
  }

  private headOf(number: number, partition: number): Head {
    return this.store.snapshot(() => ({ ...(readHead(this.store, headKey(number, partition)) ?? EMPTY_HEAD) }));
  }
}

/** The number of partitions, fixed by the first writer. */
function fixedPartitions(store: LogStore, options: LogBusOptions): number {
  const wanted = options.partitions;
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= PARTITIONS_MAX)) {
    throw new PitwallError(
      'bad-configuration',
      `partitions: ${wanted} is not a whole number from 1 to ${PARTITIONS_MAX}`,
      {
        stage: 'bus',
      },
    );
  }
  const found = store.snapshot(() => {
    const format = store.meta.getBinaryFast(FORMAT_KEY)?.toString();
    const partitions = store.meta.getBinaryFast(PARTITIONS_KEY)?.toString();
    return format === undefined || partitions === undefined ? null : { format, partitions: Number(partitions) };
  });
  if (found === null) {
    if (options.readOnly) throw failed(`${store.dir} holds no log yet; start the gateway that writes it first`);
    if (wanted === undefined) throw failed(`${store.dir} holds no log yet; say how many partitions it shall have`);
    store.change(() => {
      store.meta.put(FORMAT_KEY, Buffer.from(FORMAT));
      store.meta.put(PARTITIONS_KEY, Buffer.from(String(wanted)));
    });
    return wanted;
  }
  if (found.format !== FORMAT) {
    throw failed(
      `the log in ${store.dir} has format ${found.format}, this version reads ${FORMAT}; use the version that wrote it`,
    );
  }
  if (wanted !== undefined && wanted !== found.partitions) {
    throw new PitwallError(
      'bad-configuration',
      `the log in ${store.dir} was made with ${found.partitions} partitions and cannot have ${wanted}: set partitions to ${found.partitions}, or start a new log in another folder`,
      { stage: 'bus' },
    );
  }
  return found.partitions;
}
