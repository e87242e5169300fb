import { type AsyncBuffer, parquetReadObjects } from 'hyparquet';
import type { RowTally } from './row-tally.js';

/** Counts the rows of a Parquet file of Pitwall's, one by one. */
export async function countParquet(file: AsyncBuffer, tally: RowTally): Promise<void> {
  const rows = await parquetReadObjects({ file, columns: ['stream', 'time'] });
  for (const { stream, time } of rows) tally.add(stream, (time as Date).getTime() * 1000);
}
