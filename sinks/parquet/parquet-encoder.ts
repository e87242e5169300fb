import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type CellArray, isNull } from '../../columnar/batch.js';
import { float64ToInt64 } from '../../columnar/int64.js';
import type { ColumnType } from '../../columnar/schema.js';
import { columnNames } from '../text/column-names.js';
import type { ParquetCells, ParquetRows } from './parquet-columns.js';
import { type Compress, type PageCells, packed, runOf, writeDataPage, writeDictionaryPage } from './parquet-pages.js';
import { snappyCompressor } from './snappy-bytes.js';

type SchemaElement = ParquetWriter['schema'][number];
type RowGroup = ParquetWriter['row_groups'][number];
type ColumnChunk = RowGroup['columns'][number];
type Statistics = NonNullable<NonNullable<ColumnChunk['meta_data']>['statistics']>;

const ROW_GROUP_ROWS = 131_072;
const DICTIONARY_TEXTS_MAX = 65_536;

const ELEMENTS: Record<ColumnType, Partial<SchemaElement>> = {
  f64: { type: 'DOUBLE' },
  f32: { type: 'FLOAT' },
  i64: { type: 'INT64' },
  i32: { type: 'INT32' },
  i16: { type: 'INT32', converted_type: 'INT_16' },
  u8: { type: 'INT32', converted_type: 'UINT_8' },
  bool: { type: 'BOOLEAN' },
  utf8: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};

export interface ParquetFile {
  stream: string;
  tags: Readonly<Record<string, string>>;
  rows: ParquetRows;
  /** Key and value pairs for the file's footer. */
  metadata: Record<string, string>;
}

/**
 * A Parquet file: `stream`, `time` (a timestamp of microseconds, UTC), tags, then the stream's columns. The columns'
 * pages are written here, from whole arrays; schema, statistics and footer by hyparquet-writer. `write` takes the
 * bytes row group by row group; they are valid during the call.
 */
export function encodeParquet(file: ParquetFile, snappy: boolean, write: (bytes: Uint8Array) => void): void {
  const { rows: data, stream, tags } = file;
  const names = columnNames(['stream', 'time'], tags, data.schema);
  const schema: SchemaElement[] = [
    { name: 'pitwall', num_children: 2 + names.tags.length + names.columns.length },
    { name: 'stream', ...ELEMENTS.utf8, repetition_type: 'REQUIRED' },
    {
      name: 'time',
      type: 'INT64',
      converted_type: 'TIMESTAMP_MICROS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      repetition_type: 'REQUIRED',
    },
    ...names.tags.map(([, name]): SchemaElement => ({ name, ...ELEMENTS.utf8, repetition_type: 'REQUIRED' })),
    ...data.columns.map(
      (column, i): SchemaElement => ({
        name: names.columns[i]!,
        ...ELEMENTS[column.type],
        repetition_type: 'OPTIONAL',
      }),
    ),
  ];
  const writer = new ByteWriter(Math.min(data.bytes, 8 << 20) + 65_536);
  const parquet = new ParquetWriter({
    writer,
    schema,
    createdBy: 'pitwall',
    kvMetadata: Object.entries(file.metadata).map(([key, value]) => ({ key, value })),
  });
  const compress = snappy ? snappyCompressor(parquet.compressors.SNAPPY!) : null;
  const drain = (): void => {
    write(writer.getBytes());
    writer.index = 0;
  };
  for (let from = 0; from < data.rows; from += ROW_GROUP_ROWS) {
    const to = Math.min(data.rows, from + ROW_GROUP_ROWS);
    const group = new RowGroupWriter(writer, schema, compress, from, to);
    group.constant(stream);
    group.times(data.timeUs);
    for (const [tag] of names.tags) group.constant(tags[tag]!);
    for (const column of data.columns) group.column(column);
    parquet.row_groups.push(group.end());
    parquet.num_rows += BigInt(to - from);
    drain();
  }
  parquet.finish();
  drain();
}

class RowGroupWriter {
  private readonly chunks: ColumnChunk[] = [];
  private readonly start: number;
  private readonly rows: number;

  constructor(
    private readonly writer: ByteWriter,
    private readonly schema: readonly SchemaElement[],
    private readonly compress: Compress,
    private readonly from: number,
    private readonly to: number,
  ) {
    this.start = writer.offset;
    this.rows = to - from;
  }

  constant(text: string): void {
    const bytes = runOf(this.rows, 0, 1);
    const statistics = { min_value: text, max_value: text, null_count: 0n };
    this.chunk([text], this.required(prefixed(1, bytes), true), statistics);
  }

  times(timeUs: Float64Array): void {
    const times = timeUs.subarray(this.from, this.to);
    const cells = new BigInt64Array(this.rows);
    float64ToInt64(times, cells, this.rows);
    const { min_value, max_value } = bounds(times);
    const statistics = {
      min_value: BigInt(min_value as number),
      max_value: BigInt(max_value as number),
      null_count: 0n,
    };
    this.chunk(null, this.required(bytesOf(cells), false), statistics);
  }

  column(column: ParquetCells): void {
    const { rows, from, to } = this;
    const present = column.nulls ? presentBits(column.nulls, from, to) : null;
    let values = column.values.subarray(from, to) as CellArray;
    if (present) values = keep(values, present, rows);
    const nulls = rows - values.length;
    const cells: PageCells = {
      rows,
      nulls,
      present: nulls === 0 ? null : present,
      optional: true,
      bytes: new Uint8Array(0),
      dictionary: false,
    };
    let texts: string[] | null = null;
    let statistics: Statistics;
    if (column.type === 'utf8') {
      const [indices, used] = renumber(values as Int32Array, column.dictionary);
      if (used.length <= DICTIONARY_TEXTS_MAX && used.length * 2 <= values.length) {
        texts = used;
        cells.dictionary = true;
        cells.bytes = packIndices(indices, used.length);
      } else cells.bytes = plainTexts(used, indices);
      statistics = textBounds(used);
    } else {
      cells.bytes = plainBytes(column.type, values);
      statistics = column.type === 'bool' ? {} : bounds(values);
    }
    statistics.null_count = BigInt(nulls);
    this.chunk(texts, cells, statistics);
  }

  end(): RowGroup {
    let bytes = 0n;
    for (const chunk of this.chunks) bytes += chunk.meta_data!.total_uncompressed_size;
    return {
      columns: this.chunks,
      total_byte_size: bytes,
      num_rows: BigInt(this.rows),
      total_compressed_size: BigInt(this.writer.offset - this.start),
    };
  }

  private required(bytes: Uint8Array, dictionary: boolean): PageCells {
    return { rows: this.rows, nulls: 0, present: null, optional: false, bytes, dictionary };
  }

  private chunk(texts: readonly string[] | null, cells: PageCells, statistics: Statistics): void {
    const { writer, compress } = this;
    const element = this.schema[this.chunks.length + 1]!;
    const start = writer.offset;
    const dictionary = texts ? writeDictionaryPage(writer, texts.length, plainTexts(texts, null), compress) : 0;
    const dataStart = writer.offset;
    const uncompressed = dictionary + writeDataPage(writer, cells, compress);
    this.chunks.push({
      file_offset: BigInt(start),
      meta_data: {
        type: element.type!,
        encodings: texts ? ['PLAIN', 'RLE', 'RLE_DICTIONARY'] : ['PLAIN', 'RLE'],
        path_in_schema: [element.name],
        codec: compress ? 'SNAPPY' : 'UNCOMPRESSED',
        num_values: BigInt(this.rows),
        total_uncompressed_size: BigInt(uncompressed),
        total_compressed_size: BigInt(writer.offset - start),
        data_page_offset: BigInt(dataStart),
        dictionary_page_offset: texts ? BigInt(start) : undefined,
        statistics,
      },
    });
  }
}

function bytesOf(values: CellArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function plainBytes(type: ColumnType, values: CellArray): Uint8Array {
  if (type === 'bool') {
    const bits = new Uint8Array((values.length + 7) >> 3);
    for (let i = 0; i < values.length; i++) if (values[i] !== 0) bits[i >> 3]! |= 1 << (i & 7);
    return bits;
  }
  if (type === 'i16' || type === 'u8') return bytesOf(Int32Array.from(values as Int16Array));
  return bytesOf(values);
}

/** A set bit for each cell of the range that is not null. */
function presentBits(nulls: Uint8Array, from: number, to: number): Uint8Array {
  const bits = new Uint8Array((to - from + 7) >> 3);
  for (let i = from, j = 0; i < to; i++, j++) if (!isNull(nulls, i)) bits[j >> 3]! |= 1 << (j & 7);
  return bits;
}

function keep(values: CellArray, present: Uint8Array, rows: number): CellArray {
  const kept = values.slice();
  let count = 0;
  for (let i = 0; i < rows; i++) if (isNull(present, i)) kept[count++] = values[i]!;
  return kept.subarray(0, count);
}

/** Least and greatest; none for a column with NaN, which readers order in ways of their own. */
function bounds(values: CellArray): Statistics {
  if (values.length === 0) return {};
  let min = values[0]!;
  let max = min;
  let hasNaN = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    else if (value > max) max = value;
    else if (Number.isNaN(value)) hasNaN = true;
  }
  if (hasNaN) return {};
  return { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
}

function textBounds(texts: readonly string[]): Statistics {
  if (texts.length === 0) return {};
  const sorted = texts.map((text) => Buffer.from(text)).sort(Buffer.compare);
  return { min_value: sorted[0]!, max_value: sorted.at(-1)! };
}

/** Indices into the texts that occur, in the order they first do. */
function renumber(indices: Int32Array, dictionary: readonly string[]): [Int32Array, string[]] {
  const places = new Int32Array(dictionary.length).fill(-1);
  const used: string[] = [];
  const out = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    let place = places[index]!;
    if (place < 0) places[index] = place = used.push(dictionary[index] ?? '') - 1;
    out[i] = place;
  }
  return [out, used];
}

/** Indices as one run, or packed at a whole number of bytes each, which Snappy then shrinks. */
function packIndices(indices: Int32Array, texts: number): Uint8Array {
  if (texts <= 1) return prefixed(1, runOf(indices.length, 0, 1));
  const groups = (indices.length + 7) >> 3;
  const cells = texts <= 256 ? new Uint8Array(groups * 8) : new Uint16Array(groups * 8);
  cells.set(indices);
  return prefixed(cells.BYTES_PER_ELEMENT * 8, packed(groups, bytesOf(cells as Uint8Array)));
}

function prefixed(bitWidth: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1);
  out[0] = bitWidth;
  out.set(bytes, 1);
  return out;
}

/** Texts with their lengths before them; by `indices`, or each once. */
function plainTexts(texts: readonly string[], indices: Int32Array | null): Uint8Array {
  const encoded = texts.map((text) => Buffer.from(text));
  const order = indices ?? encoded.keys();
  let bytes = 0;
  for (const i of order) bytes += 4 + encoded[i]!.length;
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const i of indices ?? encoded.keys()) {
    at = out.writeUInt32LE(encoded[i]!.length, at);
    at += encoded[i]!.copy(out, at);
  }
  return out;
}
