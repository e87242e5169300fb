import { join } from 'node:path';
import type { Logger } from '../../core/logger.js';
import { sameTags } from '../../core/same-tags.js';
import { Journal } from '../journal.js';
import { ParquetColumns } from '../parquet/parquet-columns.js';
import { Positions } from '../positions.js';
import type { Position, SinkBatch } from '../sink.js';
import type { ResolvedFileSinkOptions } from './file-sink-options.js';
import type { FileStore } from './file-store.js';
import { type ClosedFile, type OpenFile, ParquetFiles } from './parquet-files.js';

type Entry = { closed: ClosedFile[] } | { positions: Position[] } | { streams: Omit<ClosedFile, 'id' | 'path'>[] };

/** One partition of a topic: its open files, and where its closed ones ended. */
interface PartitionState {
  topic: string;
  partition: number;
  open: Map<string, OpenFile>;
  closedNext: Map<string, number>;
  fed: number;
  /** Receive time at which the first open file is due. */
  dueUs: number;
}

const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Streams as Parquet files `STREAM/partition=P/FIRSTOFFSET.parquet`, each written once. A file is closed by rows,
 * bytes, changed columns or tags, and when a record of its partition was received `everyUs` after the file's first
 * one: all of it decided by the records, so that a replay makes the same files. The memory bound and a forced flush
 * close files early; they move the borders between files, never rows.
 *
 * Closing: the file is written and synced aside, the journal says that it is closed (from then on its rows count as
 * stored), then it is renamed into place. A crash before the journal leaves an unknown file, which is removed; a crash
 * after it a file that `open` renames. A stream's rows before its last closed file's end are
 * skipped when they are fed again, so the position of a partition is the least first offset of its open files.
 */
export class ParquetStore implements FileStore {
  private readonly journal: Journal<Entry>;
  private readonly files: ParquetFiles;
  private readonly partitions = new Map<string, PartitionState>();
  private recorded = '';
  /** Bytes of rows in open files, and in files that are being closed. */
  private heldBytes = 0;
  private closingBytes = 0;

  constructor(
    sink: string,
    private readonly options: ResolvedFileSinkOptions,
    stateFolder: string,
    foldCase: boolean,
    log: Logger,
  ) {
    this.journal = new Journal(join(stateFolder, 'journal'), options.sync);
    this.files = new ParquetFiles(sink, options, join(stateFolder, 'new'), foldCase, log);
  }

  open(): Position[] {
    this.partitions.clear();
    this.heldBytes = 0;
    this.closingBytes = 0;
    const closed: ClosedFile[] = [];
    const positions = new Positions();
    for (const entry of this.journal.open()) {
      if ('positions' in entry) for (const p of entry.positions) positions.set(p.topic, p.partition, p.offset);
      const ends = 'closed' in entry ? entry.closed : 'streams' in entry ? entry.streams : [];
      for (const { topic, partition, stream, next } of ends) {
        this.partitionOf(topic, partition).closedNext.set(stream, next);
      }
      if ('closed' in entry) closed.push(...entry.closed);
    }
    this.files.recover(closed);
    for (const state of this.partitions.values()) state.fed = positions.get(state.topic, state.partition) ?? 0;
    for (const { topic, partition, offset } of positions.list()) this.partitionOf(topic, partition).fed = offset;
    this.compact();
    return positions.list();
  }

  async write(batches: readonly SinkBatch[]): Promise<void> {
    const closing: OpenFile[] = [];
    for (const entry of batches) {
      const { batch, topic, partition, offset, receivedUs } = entry;
      const state = this.partitionOf(topic, partition);
      state.fed = offset + 1;
      if (receivedUs >= state.dueUs) this.closeDue(state, receivedUs, closing);
      if (batch.rows === 0 || offset < (state.closedNext.get(batch.stream) ?? 0)) continue;
      let file = state.open.get(batch.stream);
      if (file && !sameShape(file, entry)) {
        this.take(state, file, closing);
        file = undefined;
      }
      file ??= this.begin(state, entry);
      this.add(file, entry);
      const { roll } = this.options;
      if (file.rows.rows >= roll.rows || file.rows.bytes >= roll.sizeBytes) this.take(state, file, closing);
      if (this.heldBytes + this.closingBytes >= this.options.memoryBytes) {
        if (this.heldBytes >= this.options.memoryBytes / 2) this.takeLargest(closing);
        await this.commit(closing.splice(0));
      }
    }
    await this.commit(closing);
  }

  async flush(force: boolean): Promise<Position[]> {
    if (force) {
      const closing: OpenFile[] = [];
      for (const state of this.partitions.values()) {
        for (const file of [...state.open.values()]) this.take(state, file, closing);
      }
      await this.commit(closing);
    }
    const positions = this.positions();
    const text = JSON.stringify(positions);
    if (text !== this.recorded) {
      this.files.syncFolders();
      this.journal.append({ positions });
      this.recorded = text;
      if (this.journal.bytes > JOURNAL_BYTES_MAX) this.compact();
    }
    return positions;
  }

  close(): void {
    this.journal.close();
  }

  private partitionOf(topic: string, partition: number): PartitionState {
    const key = `${partition} ${topic}`;
    let state = this.partitions.get(key);
    if (!state) {
      state = { topic, partition, open: new Map(), closedNext: new Map(), fed: 0, dueUs: Infinity };
      this.partitions.set(key, state);
    }
    return state;
  }

  private begin(state: PartitionState, { batch, topic, partition, offset, tags, receivedUs }: SinkBatch): OpenFile {
    const file: OpenFile = {
      stream: batch.stream,
      topic,
      partition,
      tags,
      first: offset,
      next: offset,
      openedUs: receivedUs,
      rows: new ParquetColumns(batch.schema),
      heldBytes: 0,
    };
    state.open.set(batch.stream, file);
    state.dueUs = Math.min(state.dueUs, receivedUs + this.options.roll.everyUs);
    return file;
  }

  private add(file: OpenFile, { batch, offset }: SinkBatch): void {
    file.rows.add(batch);
    file.next = offset + 1;
    const held = file.rows.heldBytes;
    this.heldBytes += held - file.heldBytes;
    file.heldBytes = held;
  }

  private closeDue(state: PartitionState, receivedUs: number, closing: OpenFile[]): void {
    const { everyUs } = this.options.roll;
    state.dueUs = Infinity;
    for (const file of [...state.open.values()]) {
      const dueUs = file.openedUs + everyUs;
      if (receivedUs >= dueUs) this.take(state, file, closing);
      else state.dueUs = Math.min(state.dueUs, dueUs);
    }
  }

  /** The largest files, until half of the memory is free; among equals the one with the least first offset. */
  private takeLargest(closing: OpenFile[]): void {
    const all = [...this.partitions.values()].flatMap((state) =>
      [...state.open.values()].map((file) => [state, file] as const),
    );
    all.sort(([, a], [, b]) => b.heldBytes - a.heldBytes || a.first - b.first);
    for (const [state, file] of all) {
      if (this.heldBytes <= this.options.memoryBytes / 2) break;
      this.take(state, file, closing);
    }
  }

  private take(state: PartitionState, file: OpenFile, closing: OpenFile[]): void {
    state.open.delete(file.stream);
    state.closedNext.set(file.stream, file.next);
    this.heldBytes -= file.heldBytes;
    this.closingBytes += file.heldBytes;
    closing.push(file);
  }

  /** Closes these files: all of them, or after a crash none. */
  private async commit(files: readonly OpenFile[]): Promise<void> {
    if (files.length === 0) return;
    const closed = await this.files.write(files);
    this.journal.append({ closed });
    for (const file of closed) this.files.place(file);
    this.closingBytes = 0;
  }

  private positions(): Position[] {
    return [...this.partitions.values()].map(({ topic, partition, open, fed }) => {
      let offset = fed;
      for (const file of open.values()) if (file.first < offset) offset = file.first;
      return { topic, partition, offset };
    });
  }

  /** Ends of streams are kept only where rows before them may be fed again. */
  private compact(): void {
    const positions = this.positions();
    const streams: Omit<ClosedFile, 'id' | 'path'>[] = [];
    positions.forEach(({ topic, partition, offset }) => {
      const { closedNext } = this.partitionOf(topic, partition);
      for (const [stream, next] of closedNext) {
        if (next > offset) streams.push({ topic, partition, stream, next });
        else closedNext.delete(stream);
      }
    });
    this.journal.replace([{ positions }, { streams }]);
    this.recorded = JSON.stringify(positions);
  }
}

function sameShape({ rows, tags }: OpenFile, entry: SinkBatch): boolean {
  return rows.schema.fingerprint === entry.batch.schema.fingerprint && sameTags(tags, entry.tags);
}
