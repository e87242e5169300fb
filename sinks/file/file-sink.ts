import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Logger } from '../../core/logger.js';
import { syncFolder } from '../journal.js';
import { Positions } from '../positions.js';
import type { Position, Sink, SinkBatch } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import { csvDialect, jsonlDialect } from '../text/row-dialect.js';
import type { EncodeCounts } from '../text/row-encoder.js';
import { fileFault } from './file-fault.js';
import { type FileSinkOptions, type ResolvedFileSinkOptions, resolveFileSinkOptions } from './file-sink-options.js';
import type { FileStore } from './file-store.js';
import { FolderLock } from './folder-lock.js';
import { ParquetStore } from './parquet-store.js';
import { ignoresCase, STATE_FOLDER } from './state-folder.js';
import { TextStore } from './text-store.js';

/**
 * Streams as files below a folder: jsonl and csv files that grow, or Parquet files that are closed one after another.
 * Its README holds the formats and the rule of delivery. An empty batch (no rows) writes nothing and moves the
 * position; for Parquet its `receivedUs` also moves the partition's time. After an error only `open` helps.
 */
export class FileSink implements Sink {
  /** NaN and infinite cells written as text since the sink was made; in jsonl they are `null`. */
  readonly counts: EncodeCounts = { nonFinite: 0 };
  private readonly options: ResolvedFileSinkOptions;
  private readonly stateFolder: string;
  private readonly lock: FolderLock;
  private store: FileStore | null = null;
  private fed = new Positions();
  private ready = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string,
    options: FileSinkOptions,
    private readonly log: Logger = new Logger('warn'),
  ) {
    const resolved = resolveFileSinkOptions(name, options);
    this.options = { ...resolved, path: resolve(resolved.path) };
    this.stateFolder = join(this.options.path, STATE_FOLDER, name);
    this.lock = new FolderLock(join(this.stateFolder, 'lock'), `file sink "${name}" in ${this.options.path}`);
  }

  async open(): Promise<Position[]> {
    return this.guard('opening', async () => {
      this.ready = false;
      mkdirSync(this.stateFolder, { recursive: true });
      if (this.options.sync) for (const folder of ['.', STATE_FOLDER]) syncFolder(join(this.options.path, folder));
      this.lock.acquire();
      this.store ??= this.makeStore();
      const positions = this.store.open();
      this.fed = new Positions(positions);
      this.ready = true;
      return positions;
    });
  }

  async write(batches: readonly SinkBatch[]): Promise<void> {
    await this.guard('writing', async () => {
      const store = this.opened();
      const fresh = batches.filter((entry) => {
        const next = this.fed.get(entry.topic, entry.partition);
        if (next !== undefined && entry.offset < next) return false;
        this.fed.set(entry.topic, entry.partition, entry.offset + 1);
        return true;
      });
      if (fresh.length > 0) await store.write(fresh);
    });
  }

  async flush(force: boolean): Promise<Position[]> {
    return this.guard('flushing', () => this.opened().flush(force));
  }

  async close(): Promise<void> {
    await this.guard('closing', async () => {
      this.ready = false;
      this.store?.close();
      this.store = null;
      this.lock.release();
    });
  }

  private makeStore(): FileStore {
    const { options, stateFolder, name, log } = this;
    const foldCase = ignoresCase(this.options.path);
    if (options.format === 'parquet') return new ParquetStore(name, options, stateFolder, foldCase, log);
    const dialect = options.format === 'csv' ? csvDialect : jsonlDialect;
    return new TextStore(name, dialect, options, stateFolder, foldCase, this.counts, log);
  }

  private opened(): FileStore {
    if (!this.ready) throw sinkFailed(`file sink "${this.name}" is not open, or failed before; open it first`, true);
    return this.store!;
  }

  /** Runs one action after another, and turns what it throws into the sink's errors. */
  private guard<T>(doing: string, action: () => Promise<T>): Promise<T> {
    const result = this.last.then(action).catch((error: unknown) => {
      this.ready = false;
      throw fileFault(this.name, doing, error);
    });
    this.last = result.catch(() => undefined);
    return result;
  }
}
