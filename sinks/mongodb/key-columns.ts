import { isNull } from '../../columnar/batch.js';
import type { SinkBatch } from '../sink.js';
import { TextCells } from '../text/text-cells.js';
import { BSON, BsonBuffer, elementStart, textElement, textValue } from './bson-buffer.js';

const ID = elementStart(BSON.document, '_id');

type Part = { name: string; element: Buffer } | { name: string; cells: KeyCells };

/**
 * The key of a row as the document `_id: {car: '44', lap: 3}`, of columns, tags and `stream`. Whole numbers are int64 and
 * others double, whatever their column's type is, since MongoDB takes 3 and 3.0 for the same key.
 */
export class KeyColumns {
  private readonly parts: Part[];
  /** Why no row of these columns and tags has a key, or null. */
  readonly fault: string | null;
  private readonly out = new BsonBuffer(256);
  private record: SinkBatch | null = null;

  constructor({ batch, tags }: SinkBatch, key: readonly string[]) {
    const missing: string[] = [];
    this.parts = [...new Set(key)].flatMap((name): Part[] => {
      const column = batch.schema.indexOf(name);
      if (column >= 0) return [{ name, cells: new KeyCells(column, name, batch.schema.fields[column]!) }];
      const value = Object.hasOwn(tags, name) ? tags[name]! : name === 'stream' ? batch.stream : null;
      if (value === null) missing.push(name);
      return value === null ? [] : [{ name, element: textElement(fieldName(name), value) }];
    });
    this.fault =
      missing.length === 0 ? null : `it has neither a column nor a tag "${missing[0]}", which is part of key`;
  }

  load(record: SinkBatch): void {
    if (record === this.record) return;
    this.record = record;
    for (const part of this.parts) if ('cells' in part) part.cells.load(record);
  }

  unload(): void {
    this.record = null;
    for (const part of this.parts) if ('cells' in part) part.cells.unload();
  }

  /** The element `_id` of a row, to be used before the next call; or why it has none. */
  of(row: number): Uint8Array | string {
    const { out } = this;
    out.at = 0;
    out.reserve(64);
    out.copy(ID);
    const start = out.at;
    out.int32(0);
    for (const part of this.parts) {
      if ('element' in part) {
        out.reserve(part.element.length + 8);
        out.copy(part.element);
      } else if (!part.cells.write(row, out)) return `column "${part.name}" is null, and is part of key`;
    }
    out.endDocument(start);
    return out.bytes.subarray(0, out.at);
  }
}

class KeyCells extends TextCells {
  private readonly fieldName: string;
  private dictionary: readonly string[] | null = null;

  constructor(
    private readonly column: number,
    name: string,
    type: ConstructorParameters<typeof TextCells>[0],
  ) {
    super(type);
    this.fieldName = fieldName(name);
  }

  load({ batch }: SinkBatch): void {
    this.loadCells(batch, this.column);
    this.dictionary = batch.columns[this.column]!.dictionary;
  }

  /** False where the cell is null. */
  write(row: number, out: BsonBuffer): boolean {
    if (isNull(this.nulls, row)) return false;
    const value = this.cells[row]!;
    const text = this.kind === 'utf8' ? textValue(this.dictionary![value]!) : null;
    out.reserve(2 * this.fieldName.length + (text?.length ?? 0) + 32);
    if (text !== null) {
      out.copy(elementStart(BSON.text, this.fieldName));
      out.copy(text);
    } else if (this.kind === 'bool') {
      out.copy(elementStart(BSON.bool, this.fieldName));
      out.byte(value !== 0 ? 1 : 0);
    } else this.number(value, this.values[row]!, out);
    return true;
  }

  private number(value: number, raw: number | bigint, out: BsonBuffer): void {
    if (this.kind === 'integer' || Number.isSafeInteger(value)) {
      const whole = BigInt(this.kind === 'integer' ? raw : value);
      out.copy(elementStart(BSON.int64, this.fieldName));
      out.words(Number(BigInt.asIntN(32, whole)), Number(BigInt.asIntN(32, whole >> 32n)));
      return;
    }
    out.copy(elementStart(BSON.double, this.fieldName));
    out.double(value);
  }
}

/** Fields of a key have plain names. */
function fieldName(name: string): string {
  return name
    .replaceAll('\0', '\u2400')
    .replaceAll('.', '_')
    .replace(/^(?=\$)|^$/, '_');
}
