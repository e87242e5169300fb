import { join } from 'node:path';
import type { Batch } from '../../columnar/batch.js';
import type { Logger } from '../../core/logger.js';
import { Journal } from '../journal.js';
import { Positions } from '../positions.js';
import type { Position, SinkBatch } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import type { RowDialect } from '../text/row-dialect.js';
import { type EncodeCounts, RowEncoder } from '../text/row-encoder.js';
import { sameTags } from '../text/row-encoders.js';
import { TextBuffer } from '../text/text-buffer.js';
import { type AppendFile, AppendFiles } from './append-files.js';
import type { ResolvedFileSinkOptions } from './file-sink-options.js';
import type { FileStore } from './file-store.js';
import { pathOfStream } from './stream-path.js';

/** `files` stands in the journal before the first of them is created, so that a crash leaves none unknown. */
type Entry =
  | { files: [id: number, path: string][] }
  | { positions: Position[]; lengths: [id: number, bytes: number][] };

interface Run {
  encoder: RowEncoder;
  file: AppendFile;
}

const CHUNK_BYTES = 256 * 1024;
const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;
/** Streams, and columns of one stream, whose encoders are kept at hand. */
const RUNS_MAX = 4096;
const RUNS_OF_STREAM_MAX = 16;

/**
 * Streams as text files that grow (jsonl, csv). A flush syncs the files, then writes positions and lengths into the
 * journal as one entry; opening cuts each file to its length there. Between the two nothing is lost or doubled.
 */
export class TextStore implements FileStore {
  private readonly files: AppendFiles;
  private readonly journal: Journal<Entry>;
  private readonly byPath = new Map<string, AppendFile>();
  /** The header of each csv file that was looked at. */
  private readonly headers = new Map<AppendFile, Buffer>();
  private readonly runs = new Map<string, Run[]>();
  private readonly out = new TextBuffer(CHUNK_BYTES + 64 * 1024);
  private readonly scratch: Float64Array[] = [];
  private positions = new Positions();
  private moved = false;
  private nextId = 1;

  constructor(
    private readonly sink: string,
    private readonly dialect: RowDialect,
    private readonly options: ResolvedFileSinkOptions,
    stateFolder: string,
    private readonly foldCase: boolean,
    private readonly counts: EncodeCounts,
    private readonly log: Logger,
  ) {
    this.files = new AppendFiles(options.path, options.openFiles, options.sync);
    this.journal = new Journal(join(stateFolder, 'journal'), options.sync);
  }

  open(): Position[] {
    this.files.close();
    this.byPath.clear();
    this.runs.clear();
    this.headers.clear();
    const paths = new Map<number, string>();
    const lengths = new Map<number, number>();
    this.positions = new Positions();
    for (const entry of this.journal.open()) {
      if ('files' in entry) for (const [id, path] of entry.files) paths.set(id, path);
      else {
        for (const p of entry.positions) this.positions.set(p.topic, p.partition, p.offset);
        for (const [id, bytes] of entry.lengths) lengths.set(id, bytes);
      }
    }
    for (const [id, path] of paths) {
      const kept = lengths.get(id);
      if (kept === undefined) this.files.remove(path, this.dialect.signature);
      else this.byPath.set(path, this.restored(id, path, kept));
      this.nextId = Math.max(this.nextId, id + 1);
    }
    this.moved = false;
    this.compact();
    return this.positions.list();
  }

  async write(batches: readonly SinkBatch[]): Promise<void> {
    const byStream = new Map<string, [Run, Batch][]>();
    const created: AppendFile[] = [];
    for (const entry of batches) {
      this.positions.set(entry.topic, entry.partition, entry.offset + 1);
      this.moved = true;
      if (entry.batch.rows === 0) continue;
      const run = this.runOf(entry, created);
      const group = byStream.get(entry.batch.stream);
      if (group) group.push([run, entry.batch]);
      else byStream.set(entry.batch.stream, [[run, entry.batch]]);
    }
    if (created.length > 0) this.journal.append({ files: created.map((file) => [file.id, file.path]) });
    for (const group of byStream.values()) this.append(group);
  }

  async flush(): Promise<Position[]> {
    const grown = await this.files.flush();
    if (grown.length > 0 || this.moved) {
      this.journal.append({ positions: this.positions.list(), lengths: grown.map((file) => [file.id, file.bytes]) });
      for (const file of grown) file.keptBytes = file.bytes;
      this.moved = false;
      if (this.journal.bytes > JOURNAL_BYTES_MAX + 100 * this.byPath.size) this.compact();
    }
    return this.positions.list();
  }

  close(): void {
    this.files.close();
    this.journal.close();
  }

  private restored(id: number, path: string, kept: number): AppendFile {
    const bytes = this.files.restore(path, kept);
    if (bytes < kept) {
      this.log.warn('a file is shorter than this sink left it; going on at its end', {
        sink: this.sink,
        file: path,
        bytes,
        expected: kept,
      });
    }
    return { id, path, bytes, keptBytes: bytes, fd: -1, inode: 0 };
  }

  /** Writes the batches of one stream in their order. */
  private append(group: readonly [Run, Batch][]): void {
    const { out } = this;
    let file = group[0]![0].file;
    const full = (): void => {
      this.files.append(file, out.bytes, out.at);
      out.at = 0;
    };
    out.at = 0;
    for (const [run, batch] of group) {
      if (run.file !== file) {
        full();
        file = run.file;
      }
      if (file.bytes === 0 && out.at === 0) {
        out.reserve(run.encoder.header.length);
        out.copy(run.encoder.header);
      }
      run.encoder.encode(batch, out, CHUNK_BYTES, this.scratch, full);
    }
    full();
  }

  /** The encoder and file for a batch's stream, columns and tags. */
  private runOf({ batch, tags }: SinkBatch, created: AppendFile[]): Run {
    const { stream, schema } = batch;
    let runs = this.runs.get(stream);
    if (!runs) {
      if (this.runs.size >= RUNS_MAX) this.runs.clear();
      this.runs.set(stream, (runs = []));
    }
    for (const run of runs) {
      if (run.encoder.schema.fingerprint === schema.fingerprint && sameTags(run.encoder.tags, tags)) return run;
    }
    if (runs.length >= RUNS_OF_STREAM_MAX) runs.length = 0;
    const encoder = new RowEncoder(this.dialect, stream, schema, tags, this.counts);
    const run = { encoder, file: this.fileOf(stream, encoder.header, created) };
    runs.push(run);
    return run;
  }

  /** The stream's file: its first one when there is no header, else the part that has this header. */
  private fileOf(stream: string, header: Buffer, created: AppendFile[]): AppendFile {
    const name = pathOfStream(stream, this.dialect.extension, this.foldCase);
    for (let part = 1; ; part++) {
      const path = `${name}${part === 1 ? '' : `.${part}`}${this.dialect.extension}`;
      const known = this.byPath.get(path);
      if (known) {
        if (header.length === 0 || this.claim(known, header)) return known;
        continue;
      }
      if (this.files.exists(path)) {
        throw sinkFailed(
          `${join(this.options.path, path)} was not written by file sink "${this.sink}"; move it away, or give the sink another path`,
          false,
        );
      }
      const file = { id: this.nextId++, path, bytes: 0, keptBytes: 0, fd: -1, inode: 0 };
      this.byPath.set(path, file);
      this.headers.set(file, header);
      created.push(file);
      return file;
    }
  }

  /** Whether a csv file has this header; an empty one takes it. */
  private claim(file: AppendFile, header: Buffer): boolean {
    const present = this.headers.get(file) ?? (file.bytes === 0 ? header : this.files.head(file, header.length));
    if (!present.equals(header)) return false;
    this.headers.set(file, header);
    return true;
  }

  private compact(): void {
    const files = [...this.byPath.values()];
    this.journal.replace([
      { files: files.map((file) => [file.id, file.path]) },
      { positions: this.positions.list(), lengths: files.map((file) => [file.id, file.keptBytes]) },
    ]);
  }
}
