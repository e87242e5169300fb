import { ParquetColumns } from '../../sinks/parquet/parquet-columns.js';
import { encodeParquet } from '../../sinks/parquet/parquet-encoder.js';
import { COLUMNS, encoderBatches } from './encoder-batches.js';
import type { EncoderCase, EncoderPass } from './encoder-case.js';

const ROWS = 1_000_000;

/** A million rows to one Parquet file in memory. */
export function parquetPass({ data, rows, format }: EncoderCase): EncoderPass {
  const batches = encoderBatches(data, ROWS / rows, rows);
  const { stream, schema } = batches[0]!;
  const isSnappy = format !== 'parquet';
  const gathered = () => {
    const columns = new ParquetColumns(schema);
    for (const batch of batches) columns.add(batch);
    return columns;
  };
  const once = format === 'parquet snappy records' ? null : gathered();
  return {
    values: ROWS * COLUMNS,
    run() {
      let bytes = 0;
      const file = { stream, tags: { car: '44' }, rows: once ?? gathered(), metadata: {} };
      encodeParquet(file, isSnappy, (part) => {
        bytes += part.length;
      });
      return bytes;
    },
    check() {},
  };
}
