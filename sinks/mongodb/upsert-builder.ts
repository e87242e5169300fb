import type { Refuse, RequestBuilder } from '../delivery/store.js';
import type { SinkBatch } from '../sink.js';
import { BsonBuffer } from './bson-buffer.js';
import type { CollectionNames } from './collection-names.js';
import { tooLong } from './insert-builder.js';
import type { KeyColumns } from './key-columns.js';
import { DOCUMENT_BYTES_MAX } from './row-document.js';
import type { StreamCache } from './stream-cache.js';
import type { UpsertStatement } from './upsert-statement.js';
import { OpenCommand, type WriteCommand } from './write-command.js';

export interface Upserts {
  key: KeyColumns;
  statement: UpsertStatement;
}

/** The latest row of a key so far. */
interface Latest {
  record: SinkBatch;
  row: number;
  statement: Buffer;
}

/** A statement a key, of the latest row that was added. */
export class UpsertBuilder implements RequestBuilder<WriteCommand[]> {
  bytes = 0;
  private readonly scratch = new BsonBuffer(4096);
  private readonly open = new Map<string, Map<string, Latest>>();

  constructor(
    private readonly names: CollectionNames,
    private readonly upserts: StreamCache<Upserts>,
    private readonly refuse: Refuse,
  ) {}

  add(record: SinkBatch, from: number, to: number, bytesMax: number): number {
    const { key, statement } = this.upserts.of(record);
    const rowBytes = statement.load(record);
    key.load(record);
    const latest = this.latestOf(record);
    let row = from;
    for (; row < to && this.bytes < bytesMax; row++) {
      const id = key.fault ?? key.of(row);
      if (typeof id === 'string') {
        this.refuse({ record, row, reason: id });
        continue;
      }
      const text = Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1');
      const before = latest.get(text);
      if (before && !isLater(record, row, before)) continue;
      const bytes = this.encoded(statement, id, row, rowBytes);
      if (bytes.length > DOCUMENT_BYTES_MAX) {
        this.refuse({ record, row, reason: tooLong(bytes.length) });
        continue;
      }
      this.bytes += bytes.length - (before?.statement.length ?? 0);
      latest.set(text, { record, row, statement: Buffer.from(bytes) });
    }
    statement.unload();
    key.unload();
    return row;
  }

  take(): WriteCommand[] {
    const commands: WriteCommand[] = [];
    for (const [collection, latest] of this.open) {
      let command = new OpenCommand(collection, 4096);
      for (const { record, row, statement } of latest.values()) {
        if (command.isFull) {
          commands.push(command.take());
          command = new OpenCommand(collection, 4096);
        }
        command.out.reserve(statement.length);
        command.out.copy(statement);
        command.wrote(record, row);
      }
      if (command.count > 0) commands.push(command.take());
    }
    this.open.clear();
    this.bytes = 0;
    return commands;
  }

  private encoded(statement: UpsertStatement, id: Uint8Array, row: number, rowBytes: number): Buffer {
    const { scratch } = this;
    scratch.at = 0;
    scratch.reserve(rowBytes + 2 * id.length);
    statement.write(id, row, scratch);
    return scratch.bytes.subarray(0, scratch.at);
  }

  private latestOf({ batch, tags }: SinkBatch): Map<string, Latest> {
    const name = this.names.of(batch.stream, tags);
    let latest = this.open.get(name);
    if (!latest) this.open.set(name, (latest = new Map()));
    return latest;
  }
}

/** As the server compares `_at`. */
function isLater(record: SinkBatch, row: number, before: Latest): boolean {
  const other = before.record;
  const byTime = record.batch.timeUs[row]! - other.batch.timeUs[before.row]!;
  if (byTime !== 0) return byTime > 0;
  if (record.topic !== other.topic) return record.topic > other.topic;
  if (record.partition !== other.partition) return record.partition > other.partition;
  return record.offset !== other.offset ? record.offset > other.offset : row > before.row;
}
