import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type CellArray, isNull } from '../../columnar/batch.js';
import { float64ToInt64 } from '../../columnar/int64.js';
import { convertCells } from '../../columnar/kernels/convert.js';
import { type ColumnType, type Field, field } from '../../columnar/schema.js';
import { bitsFor, cellDictionary } from './cell-dictionary.js';
import { boundsOf, boundsOfTexts, type Statistics } from './column-bounds.js';
import { deltaPacked } from './delta-packed.js';
import { hybridRuns } from './hybrid-runs.js';
import type { ParquetCells } from './parquet-columns.js';
import { type Compress, type PageCells, squeeze, writeDataPage, writeDictionaryPage } from './parquet-pages.js';
import { plainTexts, textDictionary } from './text-dictionary.js';

export type SchemaElement = ParquetWriter['schema'][number];
const DICTIONARY_TEXTS_MAX = 65_536;
const NO_BYTES = new Uint8Array(0);

type RowGroup = ParquetWriter['row_groups'][number];
type ColumnChunk = RowGroup['columns'][number];

/** Different cells of a column, encoded plainly. */
interface DictionaryPage {
  count: number;
  bytes: Uint8Array;
}

type EncodedCells = Pick<PageCells, 'bytes' | 'encoding'> & {
  dictionary: DictionaryPage | null;
  statistics: Statistics;
};

/** Rows `from` to `to` of a file, one column after the other in the order of its schema: a page each, after its dictionary. */
export class RowGroupWriter {
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
    const dictionary = { count: 1, bytes: plainTexts([text], null) };
    const bytes = dictionaryIndices(new Uint16Array(this.rows), 1);
    const statistics = { min_value: text, max_value: text };
    this.required({ bytes, encoding: 'RLE_DICTIONARY', dictionary, statistics });
  }

  times(timeUs: Float64Array): void {
    const times = timeUs.subarray(this.from, this.to);
    const { min_value, max_value } = boundsOf(times);
    const statistics = { min_value: BigInt(min_value as number), max_value: BigInt(max_value as number) };
    const deltas = deltaPacked(times);
    const bytes = deltas ?? bytesOf(wholeNumbers(times));
    const encoding = deltas ? 'DELTA_BINARY_PACKED' : 'PLAIN';
    this.required({ bytes, encoding, dictionary: null, statistics });
  }

  column(column: ParquetCells): void {
    const { rows, from, to } = this;
    const present = column.nulls ? presentBits(column.nulls, from, to) : null;
    let values = column.values.subarray(from, to) as CellArray;
    if (present) values = keep(values, present, rows);
    const nulls = rows - values.length;
    const { field, dictionary } = column;
    const encoded = field.type === 'utf8' ? texts(values as Int32Array, dictionary) : numbers(field, values);
    this.chunk(encoded, { rows, nulls, present: nulls === 0 ? null : present, optional: true });
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

  private required(encoded: EncodedCells): void {
    this.chunk(encoded, { rows: this.rows, nulls: 0, present: null, optional: false });
  }

  /** A chunk is compressed when one of its pages is worth it; its dictionary page then has to be. */
  private chunk(encoded: EncodedCells, levels: Omit<PageCells, 'bytes' | 'encoding'>): void {
    const { writer, compress } = this;
    const { dictionary, encoding, bytes, statistics } = encoded;
    const words = dictionary?.bytes ?? NO_BYTES;
    const chunkBytes = words.length + bytes.length;
    const body = squeeze(bytes, chunkBytes, compress);
    let wordsBody = squeeze(words, chunkBytes, compress);
    const isCompressed = body !== bytes || wordsBody !== words;
    if (isCompressed && wordsBody === words) wordsBody = compress!(words);
    const start = writer.offset;
    let uncompressed = dictionary ? writeDictionaryPage(writer, dictionary.count, words, wordsBody) : 0;
    const dataStart = writer.offset;
    uncompressed += writeDataPage(writer, { ...levels, bytes, encoding }, body);
    const element = this.schema[this.chunks.length + 1]!;
    this.chunks.push({
      file_offset: BigInt(start),
      meta_data: {
        type: element.type!,
        encodings: dictionary ? ['PLAIN', 'RLE', 'RLE_DICTIONARY'] : [encoding, 'RLE'],
        path_in_schema: [element.name],
        codec: isCompressed ? 'SNAPPY' : 'UNCOMPRESSED',
        num_values: BigInt(this.rows),
        total_uncompressed_size: BigInt(uncompressed),
        total_compressed_size: BigInt(writer.offset - start),
        data_page_offset: BigInt(dataStart),
        dictionary_page_offset: dictionary ? BigInt(start) : undefined,
        statistics: { ...statistics, null_count: BigInt(levels.nulls) },
      },
    });
  }
}

function texts(values: Int32Array, dictionary: readonly string[]): EncodedCells {
  const { indices, used } = textDictionary(values, dictionary);
  const statistics = boundsOfTexts(used);
  if (used.length > DICTIONARY_TEXTS_MAX || used.length * 2 > values.length) {
    return { bytes: plainTexts(used, indices), encoding: 'PLAIN', dictionary: null, statistics };
  }
  return {
    bytes: dictionaryIndices(Uint16Array.from(indices), used.length),
    encoding: 'RLE_DICTIONARY',
    dictionary: { count: used.length, bytes: plainTexts(used, null) },
    statistics,
  };
}

function numbers(field: Field, values: CellArray): EncodedCells {
  const isBool = field.type === 'bool';
  const found = isBool
    ? null
    : cellDictionary(values, storedType(field) === 'f64' ? 8 : Math.max(values.BYTES_PER_ELEMENT, 4));
  if (!found) {
    const cells = physical(field, values);
    const statistics = isBool ? {} : boundsOf(cells);
    return { bytes: isBool ? bitsOf(cells) : plainBytes(cells), encoding: 'PLAIN', dictionary: null, statistics };
  }
  const cells = physical(field, found.cells);
  return {
    bytes: dictionaryIndices(found.indices, cells.length),
    encoding: 'RLE_DICTIONARY',
    dictionary: { count: cells.length, bytes: plainBytes(cells) },
    statistics: boundsOf(cells),
  };
}

/** What cells of a field are stored as: integers with scale or offset as the numbers they stand for. */
export function storedType({ type, scale, offset }: Field): ColumnType {
  return scale !== 1 || offset !== 0 ? 'f64' : type;
}

function physical(from: Field, values: CellArray): CellArray {
  if (storedType(from) === from.type) return values;
  const numbers = new Float64Array(values.length);
  convertCells(values, 0, from, numbers, 0, field(from.name, 'f64'), values.length);
  return numbers;
}

/** Indices into a dictionary of `count` cells, after the width they have. */
function dictionaryIndices(indices: Uint16Array, count: number): Uint8Array {
  const width = bitsFor(count);
  const runs = hybridRuns(indices, width);
  const out = new Uint8Array(runs.length + 1);
  out[0] = width;
  out.set(runs, 1);
  return out;
}

function wholeNumbers(times: Float64Array): BigInt64Array {
  const cells = new BigInt64Array(times.length);
  float64ToInt64(times, cells, times.length);
  return cells;
}

function bytesOf(values: CellArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Integers of fewer than 32 bits are stored in 32. */
function plainBytes(values: CellArray): Uint8Array {
  return values.BYTES_PER_ELEMENT < 4 ? bytesOf(Int32Array.from(values as Int16Array)) : bytesOf(values);
}

function bitsOf(values: CellArray): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
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
