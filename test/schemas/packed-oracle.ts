import fc from 'fast-check';
import type { Batch, CellArray, Column } from '../../columnar/batch.js';
import { type ColumnType, field, Schema } from '../../columnar/schema.js';

/** A batch as plain lists, and the same written by plain code apart from the codec. */
export interface PlainColumn {
  name: string;
  type: ColumnType;
  cells: (number | bigint | string | null)[];
}

export interface PlainBatch {
  timeUs: number[];
  columns: PlainColumn[];
}

const ARRAYS: Record<ColumnType, new (length: number) => CellArray> = {
  f64: Float64Array,
  f32: Float32Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  u8: Uint8Array,
  bool: Uint8Array,
  utf8: Int32Array,
};

export function schemaOf({ columns }: PlainBatch): Schema {
  return new Schema(columns.map(({ name, type }) => field(name, type)));
}

/** As a builder would make it, with arrays longer than the rows. */
export function toBatch(plain: PlainBatch, stream = 'car/44/imu'): Batch {
  const rows = plain.timeUs.length;
  const timeUs = new Float64Array(rows + 3);
  timeUs.set(plain.timeUs);
  const columns = plain.columns.map(({ type, cells }): Column => {
    const values = new ARRAYS[type](rows + 3);
    const dictionary: string[] = [];
    const nulls = new Uint8Array(((rows + 7) >> 3) + 2).fill(0);
    cells.forEach((cell, i) => {
      if (cell === null) nulls[i >> 3]! |= 1 << (i & 7);
      else if (typeof cell === 'string') {
        if (!dictionary.includes(cell)) dictionary.push(cell);
        values[i] = dictionary.indexOf(cell);
      } else values[i] = cell;
    });
    return { values, nulls: cells.includes(null) ? nulls : null, dictionary: type === 'utf8' ? dictionary : null };
  });
  return { stream, schema: schemaOf(plain), rows, timeUs, columns };
}

export function fromBatch(batch: Batch): PlainBatch {
  return {
    timeUs: [...batch.timeUs.subarray(0, batch.rows)],
    columns: batch.columns.map(({ values, nulls, dictionary }, c) => ({
      name: batch.schema.fields[c]!.name,
      type: batch.schema.fields[c]!.type,
      cells: Array.from({ length: batch.rows }, (_, i) => {
        if (nulls !== null && ((nulls[i >> 3]! >> (i & 7)) & 1) === 1) return null;
        return dictionary === null ? values[i]! : dictionary[values[i] as number]!;
      }),
    })),
  };
}

/** The data block by the words of telemetry-batch.avsc, cell by cell. */
export function plainBlock({ timeUs, columns }: PlainBatch, ownTimes: boolean): Buffer {
  const out: Buffer[] = [];
  const put = (size: number, write: (to: Buffer) => void) => {
    const bytes = Buffer.alloc(size);
    write(bytes);
    out.push(bytes);
  };
  const pad = () => put((8 - (Buffer.concat(out).length % 8)) % 8, () => undefined);
  if (ownTimes) for (const time of timeUs) put(8, (to) => to.writeBigInt64LE(BigInt(time - timeUs[0]!)));
  for (const { type, cells } of columns) {
    const texts = [...new Set(cells.filter((cell) => typeof cell === 'string'))];
    for (const cell of cells) {
      const number = Number(cell ?? 0);
      if (type === 'f64') put(8, (to) => to.writeDoubleLE(number));
      else if (type === 'f32') put(4, (to) => to.writeFloatLE(number));
      else if (type === 'i64') put(8, (to) => to.writeBigInt64LE((cell ?? 0n) as bigint));
      else if (type === 'i32') put(4, (to) => to.writeInt32LE(number));
      else if (type === 'i16') put(2, (to) => to.writeInt16LE(number));
      else if (type === 'utf8') put(4, (to) => to.writeInt32LE(cell === null ? 0 : texts.indexOf(cell as string)));
      else put(1, (to) => to.writeUInt8(number));
    }
    pad();
    if (type !== 'utf8') continue;
    const encoded = texts.map((text) => Buffer.from(text as string));
    const all = Buffer.concat(encoded);
    put(4, (to) => to.writeUInt32LE(texts.length));
    put(4, (to) => to.writeUInt32LE(all.length));
    let end = 0;
    for (const text of encoded) {
      end += text.length;
      const at = end;
      put(4, (to) => to.writeUInt32LE(at));
    }
    out.push(all);
    pad();
  }
  return Buffer.concat(out);
}

const text = fc.string({ maxLength: 6, unit: 'grapheme' });
const CELLS: Record<ColumnType, fc.Arbitrary<number | bigint | string>> = {
  f64: fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, Number.MAX_VALUE)),
  f32: fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN, Number.NEGATIVE_INFINITY)),
  i64: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n),
  ),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  i16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  u8: fc.integer({ min: 0, max: 255 }),
  bool: fc.integer({ min: 0, max: 1 }),
  utf8: fc.oneof(text, fc.constantFrom('', 'race', 'ö€😀', 'race')),
};

const times = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 7e15 }), fc.integer({ min: 1, max: 1e9 })).map(
    ([first, period]) =>
      (i: number) =>
        first + i * period,
  ),
  fc
    .tuple(
      fc.integer({ min: 0, max: 7e15 }),
      fc.array(fc.integer({ min: 0, max: 5e9 }), { minLength: 40, maxLength: 40 }),
    )
    .map(
      ([first, steps]) =>
        (i: number) =>
          steps.slice(0, i).reduce((sum, step) => sum + step, first),
    ),
);

/** Batches of the given columns, with ascending times. */
export function rowsOf(types: readonly ColumnType[], rowsMin = 1): fc.Arbitrary<PlainBatch> {
  return fc.tuple(fc.integer({ min: rowsMin, max: 40 }), times, fc.boolean()).chain(([rows, timeOf, anyNulls]) =>
    fc
      .tuple(
        ...types.map((type) =>
          fc.array(anyNulls ? fc.option(CELLS[type], { freq: 3 }) : CELLS[type], { minLength: rows, maxLength: rows }),
        ),
      )
      .map((cells) => ({
        timeUs: Array.from({ length: rows }, (_, i) => timeOf(i)),
        columns: types.map((type, c) => ({ name: `c${c}`, type, cells: cells[c]! })),
      })),
  );
}

export const columnTypes = fc.array(
  fc.constantFrom<ColumnType>('f64', 'f32', 'i64', 'i32', 'i16', 'u8', 'bool', 'utf8'),
  {
    maxLength: 6,
  },
);
