import {
  close,
  closeSync,
  existsSync,
  fsync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../core/logger.js';
import { syncFolder } from '../journal.js';
import type { ParquetColumns } from '../parquet/parquet-columns.js';
import { encodeParquet } from '../parquet/parquet-encoder.js';
import { sinkFailed } from '../sink-failed.js';
import type { ResolvedFileSinkOptions } from './file-sink-options.js';
import { pathOfStream } from './stream-path.js';

const [fsyncAsync, closeAsync] = [promisify(fsync), promisify(close)];
const SYNCS_AT_ONCE = 16;

/** Rows of one stream on their way into a file: records from offset `first` up to, not including, `next`. */
export interface OpenFile {
  stream: string;
  topic: string;
  partition: number;
  tags: Readonly<Record<string, string>>;
  first: number;
  next: number;
  /** When its first record was received. */
  openedUs: number;
  rows: ParquetColumns;
  heldBytes: number;
}

/** A file that is closed: the stream's rows before `next` are in files. */
export interface ClosedFile {
  /** Its name in the folder of new files. */
  id: number;
  /** Its place below the sink's folder. */
  path: string;
  topic: string;
  partition: number;
  stream: string;
  next: number;
}

/** Parquet files on disk: written aside in a folder of new files, then renamed into place. */
export class ParquetFiles {
  private readonly unsyncedFolders = new Set<string>();
  private nextId = 1;

  constructor(
    private readonly sink: string,
    private readonly options: ResolvedFileSinkOptions,
    private readonly newFolder: string,
    private readonly foldCase: boolean,
    private readonly log: Logger,
  ) {}

  /** Writes these files aside and makes them durable there. */
  async write(files: readonly OpenFile[]): Promise<ClosedFile[]> {
    const closed: ClosedFile[] = [];
    const paths = new Set<string>();
    const written: number[] = [];
    try {
      for (const file of files) {
        const path = this.pathOf(file);
        if (paths.has(path) || existsSync(join(this.options.path, path))) throw this.occupied(path);
        paths.add(path);
        const id = this.nextId++;
        written.push(this.encode(file, id));
        const { topic, partition, stream, next } = file;
        closed.push({ id, path, topic, partition, stream, next });
        if (written.length >= SYNCS_AT_ONCE) await this.finish(written.splice(0));
      }
    } finally {
      await this.finish(written.splice(0));
    }
    if (this.options.sync) syncFolder(this.newFolder);
    return closed;
  }

  place(file: ClosedFile): void {
    const target = join(this.options.path, file.path);
    const folder = dirname(target);
    const made = mkdirSync(folder, { recursive: true });
    for (let at = folder; ; at = dirname(at)) {
      this.unsyncedFolders.add(at);
      if (made === undefined || at === dirname(made) || at === dirname(at)) break;
    }
    renameSync(join(this.newFolder, String(file.id)), target);
  }

  /** After a crash: places the closed files that still lie aside, and removes what was never closed. */
  recover(closed: readonly ClosedFile[]): void {
    mkdirSync(this.newFolder, { recursive: true });
    const byId = new Map(closed.map((file) => [String(file.id), file]));
    for (const id of readdirSync(this.newFolder)) {
      const file = byId.get(id);
      if (file) this.place(file);
      else rmSync(join(this.newFolder, id));
    }
    for (const { id, path } of closed) {
      this.nextId = Math.max(this.nextId, id + 1);
      if (existsSync(join(this.options.path, path))) continue;
      this.log.warn('a file this sink wrote has gone; its rows are not written again', { sink: this.sink, file: path });
    }
    this.syncFolders();
  }

  /** Makes the names of placed files durable. */
  syncFolders(): void {
    if (this.options.sync) for (const folder of this.unsyncedFolders) syncFolder(folder);
    this.unsyncedFolders.clear();
  }

  private encode(file: OpenFile, id: number): number {
    const { stream, tags, rows, topic, partition, first, next } = file;
    const metadata = {
      'pitwall.topic': topic,
      'pitwall.partition': String(partition),
      'pitwall.firstOffset': String(first),
      'pitwall.nextOffset': String(next),
    };
    const fd = openSync(join(this.newFolder, String(id)), 'w');
    try {
      encodeParquet({ stream, tags, rows, metadata }, this.options.compression === 'snappy', (bytes) => {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return fd;
  }

  private async finish(fds: readonly number[]): Promise<void> {
    const ended = await Promise.allSettled(
      fds.map(async (fd) => {
        try {
          if (this.options.sync) await fsyncAsync(fd);
        } finally {
          await closeAsync(fd);
        }
      }),
    );
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  }

  private pathOf({ stream, partition, first }: OpenFile): string {
    const folder = pathOfStream(stream, '', this.foldCase);
    return `${folder}/partition=${partition}/${String(first).padStart(16, '0')}.parquet`;
  }

  private occupied(path: string) {
    return sinkFailed(
      `${join(this.options.path, path)} is there already and not known to file sink "${this.sink}"; move it away, or give the sink another path`,
      false,
    );
  }
}
