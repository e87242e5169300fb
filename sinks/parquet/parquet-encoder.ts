import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnType } from '../../columnar/schema.js';
import { columnNames } from '../text/column-names.js';
import type { ParquetRows } from './parquet-columns.js';
import { RowGroupWriter, type SchemaElement, storedType } from './row-group-writer.js';
import { snappyCompressor } from './snappy-bytes.js';

const ROW_GROUP_ROWS = 131_072;

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
        ...ELEMENTS[storedType(column.field)],
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
