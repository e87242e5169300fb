import { join } from 'node:path';
import { PitwallError } from '../../core/errors.js';
import { settles } from '../../core/settles.js';
import { StoreFault } from '../delivery/store-fault.js';
import { Flights } from '../flights.js';
import type { Position, Sink, SinkBatch, SinkNews } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import type { EncodeCounts } from '../text/row-encoder.js';
import { Claims } from './claims.js';
import { KnownObjects } from './known-objects.js';
import { encodeObject, extensionOf } from './object-encoder.js';
import { ObjectJournal, type PlannedObject } from './object-journal.js';
import { isSameObject, objectMetadata } from './object-metadata.js';
import { objectKey } from './object-name.js';
import { ObjectStore } from './object-store.js';
import type { OpenObject } from './open-object.js';
import { PartitionObjects, type Roll } from './partition-objects.js';
import { PathTemplate } from './path-template.js';
import type { S3SinkOptions, S3SinkPlace } from './s3-sink-options.js';

/** How soon positions are looked at again while objects are under way. */
const LOOK_MS = 50;
const CLOSE_MS = 5_000;

/**
 * Streams as objects of a bucket, each written once. Its README holds the names, the formats and the rule of delivery. An
 * empty batch writes nothing, and moves the position and the partition's time. After an error only `open` helps.
 */
export class S3Sink implements Sink {
  /** NaN and infinite cells, which are `null` in jsonl. */
  readonly counts: EncodeCounts = { nonFinite: 0 };
  private readonly store: ObjectStore;
  private readonly journal: ObjectJournal;
  private readonly claims: Claims;
  private readonly path: PathTemplate;
  private readonly roll: Roll;
  private readonly extension: string;
  private readonly partitions = new Map<string, PartitionObjects>();
  private uploads: Flights | null = null;

  constructor(
    private readonly name: string,
    private readonly options: S3SinkOptions,
    { stateFolder, partitions }: S3SinkPlace,
  ) {
    const { format, compression, prefix, roll, memoryBytes } = options;
    this.store = new ObjectStore(options);
    this.journal = new ObjectJournal(join(stateFolder, 's3'));
    this.claims = new Claims(this.store, prefix, name);
    this.path = new PathTemplate(options.path);
    this.roll = { ...roll, heldBytes: memoryBytes / Math.max(1, partitions) };
    this.extension = extensionOf(format, compression);
  }

  async open(): Promise<Position[]> {
    return this.guard(async () => {
      await this.uploads?.end();
      this.uploads = null;
      this.partitions.clear();
      await this.store.probe(this.options.prefix);
      const { endpoint, bucket, prefix, path } = this.options;
      this.journal.open(`${endpoint ?? 's3:/'}/${bucket}/${prefix}${path}/*.${this.extension}`);
      const uploads = new Flights(() => this.options.inFlight, this.options.memoryBytes / 2);
      await this.settle(uploads);
      this.uploads = uploads;
      return this.journal.listPositions();
    });
  }

  async write(batches: readonly SinkBatch[]): Promise<void> {
    await this.guard(async () => {
      const uploads = this.opened();
      for (const record of batches) {
        const partition = this.partitions.get(`${record.partition} ${record.topic}`) ?? (await this.begin(record));
        if (record.offset < partition.fed) continue;
        partition.add(record);
        const closed = partition.takeClosed();
        if (closed.length > 0) await this.ship(uploads, closed);
      }
    });
  }

  async flush(force: boolean): Promise<Position[]> {
    return this.guard(async () => {
      const uploads = this.opened();
      if (force) {
        for (const partition of this.partitions.values()) partition.closeAll();
        await this.ship(
          uploads,
          [...this.partitions.values()].flatMap((partition) => partition.takeClosed()),
        );
        await uploads.settled();
      }
      const fed = new Map(this.journal.listPositions().map((each) => [`${each.partition} ${each.topic}`, each]));
      for (const [name, partition] of this.partitions) fed.set(name, partition.position);
      return this.journal.save([...fed.values()]);
    });
  }

  news(): SinkNews {
    const isBusy = this.uploads !== null && this.uploads.underWay > 0;
    return { flushDueMs: isBusy ? LOOK_MS : null, warnings: [], skippedRows: 0, deadLetters: 0 };
  }

  async close(): Promise<void> {
    const { uploads } = this;
    this.uploads = null;
    try {
      if (uploads) await settles(uploads.end(), CLOSE_MS);
    } finally {
      this.store.close();
      this.journal.close();
    }
  }

  /** Finds out which of the objects that were planned are in the store. */
  private async settle(uploads: Flights): Promise<void> {
    for (const object of this.journal.unsettled) {
      await uploads.room();
      uploads.begin(0, async (signal) => {
        const found = await this.store.metadataOf(object.key, signal);
        if (found !== null) this.journal.stored(object.key);
      });
    }
    await uploads.settled();
  }

  /** A partition that is fed for the first time since `open`. */
  private async begin({ topic, partition, offset }: SinkBatch): Promise<PartitionObjects> {
    const { journal, claims } = this;
    const found = await claims.claim(journal.owner, topic, partition);
    if (found !== null) {
      // Records are fed in their order: what ends before this one is not fed again.
      const ahead = found.filter((each) => each.last.offset >= offset);
      const passed = found.filter((each) => each.last.offset < offset);
      const firsts = passed.map(({ source, first }) => ({ topic, partition, source, first }));
      journal.plan(
        ahead.map((each) => ({ ...each, topic, stored: true })),
        firsts,
      );
      await claims.complete(journal.owner, topic, partition);
    }
    const { prefix } = this.options;
    const objects = new PartitionObjects(topic, partition, prefix, this.path, this.roll);
    objects.fed = journal.positionOf(topic, partition);
    objects.known = new KnownObjects(journal.objectsOf(topic, partition), journal.firstsOf(topic, partition));
    this.partitions.set(`${partition} ${topic}`, objects);
    return objects;
  }

  private async ship(uploads: Flights, objects: readonly OpenObject[]): Promise<void> {
    const planned = objects.map((object): PlannedObject => {
      const { range, topic } = object;
      return { ...range, topic, key: objectKey(range, this.extension), stored: false };
    });
    this.journal.plan(planned);
    for (const [i, object] of objects.entries()) {
      await uploads.room();
      uploads.begin(object.heldBytes, (signal) => this.send(object, planned[i]!.key, signal));
    }
  }

  private async send(object: OpenObject, key: string, signal: AbortSignal): Promise<void> {
    const { format, compression } = this.options;
    const metadata = objectMetadata(object);
    const { bytes, contentType } = await encodeObject(object, metadata, format, compression, this.counts);
    const found = await this.store.make({ key, body: bytes, contentType, metadata }, signal);
    if (found !== null && !isSameObject(found, metadata)) {
      const what = `${this.store.what}: ${key} is there already, with other rows than this sink would write`;
      throw new StoreFault('setup', `${what}; move it away`);
    }
    this.journal.stored(key);
  }

  private opened(): Flights {
    if (!this.uploads) throw sinkFailed(`sink "${this.name}" is not open, or failed before; open it first`, true);
    this.uploads.check();
    return this.uploads;
  }

  private async guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof StoreFault) {
        const { kind, retryAfterMs, cause } = error;
        throw new StoreFault(kind, `sink "${this.name}": ${error.message}`, { retryAfterMs, cause });
      }
      if (error instanceof PitwallError) throw error;
      const { message, code } = error as NodeJS.ErrnoException;
      if (typeof code === 'string') throw sinkFailed(`sink "${this.name}": ${message}`, true, error);
      throw new PitwallError('internal', `sink "${this.name}" failed: ${message}`, { stage: 'sink', cause: error });
    }
  }
}
