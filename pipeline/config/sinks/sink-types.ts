import { byType } from '../spec/variants.js';
import * as file from './file.js';
import * as kafka from './kafka.js';
import * as s3 from './s3.js';

/**
 * The types of sinks, a file each with the same exports: its `keys`, what the branch makes of them (`branch`), the sink's
 * own `options`, and `placeKey`, the key that says where the rows go, for summaries and graphs.
 */
export const sinkTypes = { file, kafka, s3 } as const;

const LATER_COMMON = ['from', 'retry', 'batch', 'onError', 'inFlight'];
const LATER = {
  influxdb: 'version url database username password org bucket token measurement tags fields precision',
  mongodb: 'url database collection mode key bucket expire',
  http: 'url headers format',
  console: '',
};

export const sinkSpec = byType(
  { file: file.keys, kafka: kafka.keys, s3: s3.keys },
  Object.fromEntries(Object.entries(LATER).map(([type, keys]) => [type, [...LATER_COMMON, ...keys.split(' ')]])),
  'Where the rows go',
);
