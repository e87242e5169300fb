import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { avroContainerTimes } from '../../schemas/avro-times.js';
import { type AuditedStream, type Auditor, inPieces } from '../auditor.js';
import { StoreFault } from '../delivery/store-fault.js';
import { Flights } from '../flights.js';
import { parquetTimes } from '../parquet/parquet-times.js';
import { jsonlTimes } from '../text/jsonl-times.js';
import { faultText, findFaults } from './audit.js';
import { objectBytes } from './object-bytes.js';
import { streamHash, streamHashOf } from './object-name.js';
import { type ListedObject, ObjectStore } from './object-store.js';
import { type KeyRange, PathTemplate } from './path-template.js';
import type { S3SinkOptions } from './s3-sink-options.js';

const READS_AT_ONCE = 8;
/** Said one by one. */
const FAULTS_MAX = 1_000;

/**
 * Reads the objects of a bucket: which there are from their names, and of the rows in them their times, from the column of
 * times where the format has columns. Of an audit of some streams it lists no others, as far as the path's levels allow.
 */
export class S3Auditor implements Auditor {
  private readonly store: ObjectStore;
  private readonly path: PathTemplate;
  private readonly unreadable: string[] = [];

  constructor(private readonly options: S3SinkOptions) {
    this.store = new ObjectStore(options);
    this.path = new PathTemplate(options.path);
  }

  async *times({ name, tags, fromUs, toUs }: AuditedStream): AsyncIterable<Float64Array> {
    const wanted = streamHash(name);
    const reads = new Flights(() => READS_AT_ONCE);
    const ready: Float64Array[] = [];
    try {
      for await (const object of this.list(this.path.keys(name, tags, { fromUs, toUs }))) {
        if (streamHashOf(object.key) !== wanted) continue;
        await reads.room();
        reads.begin(0, async () => {
          for await (const piece of this.read(object)) ready.push(piece);
        });
        yield* ready.splice(0);
      }
      await reads.settled();
      yield* ready;
    } finally {
      await reads.end();
    }
  }

  async faults(streams: readonly AuditedStream[] | null): Promise<string[]> {
    const found = await findFaults(() => this.listAll(streams));
    const all = [...this.unreadable, ...found.map(faultText)];
    if (all.length <= FAULTS_MAX) return all;
    return [...all.slice(0, FAULTS_MAX), `and ${all.length - FAULTS_MAX} more`];
  }

  async close(): Promise<void> {
    this.store.close();
  }

  /** Objects of all times. */
  private async *listAll(streams: readonly AuditedStream[] | null): AsyncIterable<ListedObject> {
    if (streams === null) {
      yield* this.store.list(this.options.prefix);
      return;
    }
    const byPrefix = new Map<string, Set<string>>();
    for (const { name, tags } of streams) {
      const { prefix } = this.path.keys(name, tags, null);
      byPrefix.set(prefix, (byPrefix.get(prefix) ?? new Set()).add(streamHash(name)));
    }
    for (const [prefix, wanted] of byPrefix) {
      for await (const object of this.store.list(this.options.prefix + prefix)) {
        const found = streamHashOf(object.key);
        if (found !== null && wanted.has(found)) yield object;
      }
    }
  }

  private async *list({ prefix, first, last }: KeyRange): AsyncIterable<ListedObject> {
    const at = this.options.prefix;
    for await (const object of this.store.list(at + prefix, first === null ? undefined : at + first)) {
      if (last !== null && object.key.slice(at.length, at.length + last.length) > last) return;
      yield object;
    }
  }

  /** An object that is no file of rows is a fault of its own: its rows are lost. */
  private async *read(object: ListedObject): AsyncIterable<Float64Array> {
    try {
      yield* this.piecesOf(object);
    } catch (error) {
      if (error instanceof StoreFault) throw error;
      this.unreadable.push(`${object.key} cannot be read: ${(error as Error).message}`);
    }
  }

  private async *piecesOf(object: ListedObject): AsyncIterable<Float64Array> {
    const { key } = object;
    if (key.endsWith('.parquet')) {
      yield* parquetTimes(objectBytes(this.store, object));
      return;
    }
    const body = await this.store.readStream(key);
    if (key.endsWith('.avro')) yield* inPieces(avroContainerTimes(body));
    else yield* inPieces(jsonlTimes(key.endsWith('.gz') ? unpacked(body) : body));
  }
}

function unpacked(body: Readable): Readable {
  const plain = createGunzip();
  // What goes wrong on the way destroys both, and is told by the reader of the second.
  pipeline(body, plain).catch(() => {});
  return plain;
}
