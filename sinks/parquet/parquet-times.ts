import { type AsyncBuffer, parquetMetadataAsync, parquetRead } from 'hyparquet';

/** A file that is read in ranges. */
export type ParquetSource = AsyncBuffer;

/** Enough for most footers; a longer one takes another read. */
export const TAIL_BYTES = 64 * 1024;

/**
 * The event times of a Parquet file that `encodeParquet` made, microseconds since 1970, a row group at a time. Of the file
 * only its footer and the column of times are read.
 */
export async function* parquetTimes(file: ParquetSource): AsyncIterable<Float64Array> {
  const metadata = await parquetMetadataAsync(file, { initialFetchSize: TAIL_BYTES });
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const pieces: Float64Array[] = [];
    await parquetRead({
      file,
      metadata,
      columns: ['time'],
      rowStart,
      rowEnd,
      parsers: { timestampFromMicroseconds: (us: bigint) => Number(us) as never },
      onChunk: ({ columnData }) => void pieces.push(Float64Array.from(columnData as ArrayLike<number>)),
    });
    yield* pieces;
    rowStart = rowEnd;
  }
}
