import { patternFault } from '../../core/stream-pattern.js';
import { Arguments } from './arguments.js';
import type { ColumnsOf, ColumnTypes } from './columns.js';
import { schemaOfTypes } from './schema-of-types.js';
import { StreamingDataFrame } from './streaming-dataframe.js';

/**
 * The rows of the streams that a pattern names, as in `stream('car/{car}/imu', { speed: 'f64' })`. With the columns given,
 * the compiler and each verb know them; without, any name will do.
 */
export function stream(pattern: string): StreamingDataFrame;
export function stream<T extends ColumnTypes>(pattern: string, columns: T): StreamingDataFrame<ColumnsOf<T>>;
export function stream(pattern: string, columns?: ColumnTypes): StreamingDataFrame {
  const args = new Arguments('stream');
  const fault = patternFault(args.text(pattern, 'the pattern'));
  if (fault !== null) args.fail(`the stream pattern "${pattern}" ${fault}`);
  return StreamingDataFrame.from({ pattern }, schemaOfTypes(columns, 'stream'));
}

/** The rows that another processor gives. */
export function processor(name: string): StreamingDataFrame;
export function processor<T extends ColumnTypes>(name: string, columns: T): StreamingDataFrame<ColumnsOf<T>>;
export function processor(name: string, columns?: ColumnTypes): StreamingDataFrame {
  const args = new Arguments('processor');
  if (args.text(name, 'the name') === '' || /[/+#{]/.test(name)) {
    args.fail(
      `"${name}" is no name of a processor; streams of devices are read with stream('${name || 'car/{car}/imu'}')`,
    );
  }
  return StreamingDataFrame.from({ processor: name }, schemaOfTypes(columns, 'processor'));
}
