import { type Batch, type CellArray, isNull } from '../columnar/batch.js';
import type { Field, Schema } from '../columnar/schema.js';
import { avroText, LONG_BYTES_MAX, writeLong, writeLongWords } from './avro-writer.js';

/** Branches of `["null", …]`. */
const NULL = 0;
const THERE = 2;
const AVRO_NAME = /^[A-Za-z_]\w*$/;
/** Of every row; no tag or column may be called like one of these. */
const OWN_NAMES = ['stream', 'time'];

type Tags = Readonly<Record<string, string>>;

/**
 * Rows of one stream as Avro records of their own, each with the stream's name, its time, its tags and its columns:
 *
 * | column | Avro |
 * |---|---|
 * | time | `long`, `timestamp-micros` |
 * | `f64`, and integers with scale and offset | `double`, the physical value |
 * | `f32` | `float` |
 * | `i64`, `i32`, `i16`, `u8` | `long` |
 * | `bool`, `utf8` | `boolean`, `string` |
 *
 * Tags and columns may be null and are so by default, and the record is called the same for every stream. So a reader
 * with the columns of one stream reads those of another, and a schema registry takes them for versions of one another,
 * as long as no column changes its type. What is no Avro name has `_` for each character that may not be there; the field
 * then holds its real name as `column`, or as `tag`. A tag that is called like a column is left out.
 */
export class RowAvro {
  /** The schema of one record, as JSON. */
  readonly schemaText: string;
  /** Bytes that a row of the loaded batch takes at most. */
  rowBytesMax = 0;
  private readonly start: Buffer;
  private readonly tagBytes: Buffer;
  private readonly cells: CellWriter[];
  private timeUs: Float64Array = NO_CELLS;

  constructor(stream: string, schema: Schema, tags: Tags) {
    const written = Object.keys(tags).filter((tag) => schema.indexOf(tag) < 0);
    const names = avroNames([...written, ...schema.fields.map((f) => f.name)]);
    const columnNames = names.slice(written.length);
    this.schemaText = JSON.stringify({
      type: 'record',
      name: 'Row',
      namespace: 'pitwall',
      fields: [
        { name: 'stream', type: 'string' },
        { name: 'time', type: { type: 'long', logicalType: 'timestamp-micros' } },
        ...written.map((tag, i) => nullable(names[i]!, 'string', 'tag', tag)),
        ...schema.fields.map((f, i) => nullable(columnNames[i]!, avroType(f), 'column', f.name)),
      ],
    });
    this.start = avroText(stream);
    this.tagBytes = Buffer.concat(written.flatMap((tag) => [Buffer.from([THERE]), avroText(tags[tag]!)]));
    this.cells = schema.fields.map((f) => new CellWriter(f));
  }

  /** Takes the batch whose rows are written next. */
  load(batch: Batch): void {
    this.timeUs = batch.timeUs;
    this.rowBytesMax = this.start.length + this.tagBytes.length + LONG_BYTES_MAX;
    for (let c = 0; c < this.cells.length; c++) this.rowBytesMax += this.cells[c]!.load(batch, c);
  }

  /** Writes a row at `at`, where `rowBytesMax` bytes have to be free; returns the position behind it. */
  write(row: number, target: Buffer, start: number): number {
    target.set(this.start, start);
    let at = writeLong(this.timeUs[row]!, target, start + this.start.length);
    target.set(this.tagBytes, at);
    at += this.tagBytes.length;
    for (const cell of this.cells) at = cell.write(row, target, at);
    return at;
  }
}

/** Valid names stay as they are; the others are made from what is left, each once. */
function avroNames(names: readonly string[]): string[] {
  const taken = new Set([...OWN_NAMES, ...names.filter((name) => AVRO_NAME.test(name))]);
  return names.map((name) => {
    if (AVRO_NAME.test(name) && !OWN_NAMES.includes(name)) return name;
    let valid = name.replaceAll(/\W/g, '_').replace(/^(?=\d|$)/, '_');
    while (taken.has(valid)) valid += '_';
    taken.add(valid);
    return valid;
  });
}

function nullable(name: string, type: string, kind: 'tag' | 'column', real: string): object {
  return { name, type: ['null', type], default: null, ...(name === real ? {} : { [kind]: real }) };
}

function avroType({ type, scale, offset }: Field): string {
  if (type === 'utf8') return 'string';
  if (type === 'bool') return 'boolean';
  if (type === 'f32') return 'float';
  return type === 'f64' || scale !== 1 || offset !== 0 ? 'double' : 'long';
}

const NO_CELLS = new Float64Array(0);
const NO_WORDS = new Int32Array(0);
const floats = new Float32Array(1);
const doubles = new Float64Array(1);
const floatBytes = new Uint8Array(floats.buffer);
const doubleBytes = new Uint8Array(doubles.buffer);

/** One column's cells. */
class CellWriter {
  private readonly avro: string;
  private values: CellArray = NO_CELLS;
  /** The halves of 64-bit cells. */
  private words: Int32Array = NO_WORDS;
  private nulls: Uint8Array | null = null;
  private texts: Buffer[] = [];

  constructor(private readonly field: Field) {
    this.avro = avroType(field);
  }

  /** Returns the bytes that a cell takes at most. */
  load(batch: Batch, column: number): number {
    const { values, nulls, dictionary } = batch.columns[column]!;
    this.values = values;
    this.nulls = nulls;
    this.words =
      values instanceof BigInt64Array ? new Int32Array(values.buffer, values.byteOffset, values.length * 2) : NO_WORDS;
    let bytes = LONG_BYTES_MAX;
    if (dictionary) {
      this.texts = dictionary.map(avroText);
      for (const text of this.texts) bytes = Math.max(bytes, text.length);
    }
    return 1 + bytes;
  }

  write(row: number, target: Buffer, start: number): number {
    let at = start;
    if (isNull(this.nulls, row)) {
      target[at++] = NULL;
      return at;
    }
    target[at++] = THERE;
    switch (this.avro) {
      case 'string': {
        const text = this.texts[this.values[row] as number]!;
        target.set(text, at);
        return at + text.length;
      }
      case 'boolean':
        target[at++] = this.values[row] === 0 ? 0 : 1;
        return at;
      case 'float':
        floats[0] = this.values[row] as number;
        target.set(floatBytes, at);
        return at + 4;
      case 'long':
        if (this.words === NO_WORDS) return writeLong(this.values[row] as number, target, at);
        return writeLongWords(this.words[2 * row]!, this.words[2 * row + 1]!, target, at);
    }
    const { scale, offset } = this.field;
    const raw = Number(this.values[row]!);
    doubles[0] = scale === 1 && offset === 0 ? raw : raw * scale + offset;
    target.set(doubleBytes, at);
    return at + 8;
  }
}
