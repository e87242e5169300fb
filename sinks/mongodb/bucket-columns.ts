import { isNull } from '../../columnar/batch.js';
import type { SinkBatch } from '../sink.js';
import { BSON, type BsonBuffer, textElement } from './bson-buffer.js';
import { ColumnCells } from './column-cells.js';
import { documentLayout, type LaidMember } from './field-names.js';

export const STATE = '_state';
const RESERVED = ['_id', 'stream', 'time', 'count', 'timeUs', STATE];
/** Type and index of an element of an array. */
const INDEX_BYTES = 8;
const TIME_BYTES = 8 + INDEX_BYTES;

/** The columns of one stream, schema and set of tags as arrays of a bucket. */
export class BucketColumns {
  /** By the path of their array, such as `gps.lat`. */
  readonly cells = new Map<string, ColumnCells>();
  /** Stream and tags, as they stand in each bucket. */
  readonly own: Buffer[];
  private readonly texts: ColumnCells[];
  private readonly fixedBytes: number;
  private record: SinkBatch | null = null;

  constructor({ batch, tags }: SinkBatch) {
    const layout = documentLayout(RESERVED, tags, batch.schema);
    const lay = (members: readonly LaidMember[], before: string): void => {
      for (const member of members) {
        const path = before + member.name;
        if ('members' in member) lay(member.members, `${path}.`);
        else this.cells.set(path, new ColumnCells(member.column, batch.schema.fields[member.column]!));
      }
    };
    lay(layout.members, '');
    this.own = [
      textElement('stream', batch.stream),
      ...layout.tags.map(([tag, name]) => textElement(name, tags[tag]!)),
    ];
    this.texts = [...this.cells.values()].filter(({ type }) => type === BSON.text);
    this.fixedBytes = TIME_BYTES + this.cells.size * (INDEX_BYTES + 8);
  }

  load(record: SinkBatch): void {
    if (record === this.record) return;
    this.record = record;
    for (const cells of this.cells.values()) cells.load(record.batch);
  }

  unload(): void {
    this.record = null;
    for (const cells of this.cells.values()) cells.unload();
  }

  /** About what a row of the record that was loaded takes. */
  bytesOf(row: number): number {
    let bytes = this.fixedBytes;
    for (const cells of this.texts) if (!isNull(cells.nulls, row)) bytes += cells.bytesOf(row);
    return bytes;
  }
}

/** Appends elements to an array. */
export class ArrayWriter {
  private index = 0;

  constructor(private readonly out: BsonBuffer) {}

  nulls(count: number): void {
    const { out } = this;
    for (let i = 0; i < count; i++) {
      out.reserve(16);
      this.start(BSON.null);
    }
  }

  times(timeUs: Float64Array, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      this.out.reserve(32);
      this.start(BSON.int64);
      this.out.int64(timeUs[row]!);
    }
  }

  cells(cells: ColumnCells, from: number, to: number): void {
    const { out } = this;
    for (let row = from; row < to; row++) {
      if (isNull(cells.nulls, row)) {
        this.nulls(1);
        continue;
      }
      out.reserve(24 + cells.bytesOf(row));
      this.start(cells.type);
      cells.write(row, out);
    }
  }

  private start(type: number): void {
    const { out } = this;
    out.byte(type);
    out.digits(this.index++);
    out.byte(0);
  }
}
