import { byType } from '../spec/variants.js';
import * as console from './console.js';
import * as file from './file.js';
import * as http from './http.js';
import * as kafka from './kafka.js';
import * as module from './module.js';

/**
 * The types of sinks, and `module`, which has no `type` in the file; a file each with the same exports: its `keys`, what the branch makes of them (`branch`), the sink's
 * own `options`, and `placeKey`, the key that says where the rows go, for summaries and graphs.
 */
export const sinkTypes = { file, kafka, http, console, module } as const;

const LATER_COMMON = ['from', 'retry', 'batch', 'onError', 'inFlight'];
const LATER = {
  s3: 'endpoint region bucket prefix accessKeyId secretAccessKey pathStyle format path roll',
  influxdb: 'version url database username password org bucket token measurement tags fields precision',
  mongodb: 'url database collection mode key bucket expire',
};

export const sinkSpec = byType(
  { file: file.keys, kafka: kafka.keys, http: http.keys, console: console.keys },
  Object.fromEntries(Object.entries(LATER).map(([type, keys]) => [type, [...LATER_COMMON, ...keys.split(' ')]])),
  'Where the rows go',
  { module: module.keys },
);
