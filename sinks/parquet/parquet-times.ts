import { type AsyncBuffer, parquetReadObjects } from 'hyparquet';

/** The event times of a Parquet file that `encodeParquet` made, microseconds since 1970. */
export async function parquetTimes(file: AsyncBuffer): Promise<Float64Array> {
  const rows = await parquetReadObjects({
    file,
    columns: ['time'],
    parsers: { timestampFromMicroseconds: (us: bigint) => Number(us) as never },
  });
  return Float64Array.from(rows, ({ time }) => time as number);
}
