import { byType } from '../spec/variants.js';
import * as console from './console.js';
import * as file from './file.js';
import * as http from './http.js';
import * as influxdb from './influxdb.js';
import * as kafka from './kafka.js';
import * as module from './module.js';
import * as mongodb from './mongodb.js';

/**
 * The types of sinks, and `module`, which has no `type` in the file; a file each with the same exports: its `keys`, what the
 * branch makes of them (`branch`), the sink's own `options`, and `placeKey`, the key that says where the rows go, for
 * summaries and graphs.
 */
export const sinkTypes = { console, file, http, influxdb, kafka, module, mongodb } as const;

const LATER_COMMON = ['from', 'retry', 'batch', 'onError', 'inFlight'];
const LATER = {
  s3: 'endpoint region bucket prefix accessKeyId secretAccessKey pathStyle format path roll',
};

export const sinkSpec = byType(
  {
    file: file.keys,
    influxdb: influxdb.keys,
    kafka: kafka.keys,
    mongodb: mongodb.keys,
    http: http.keys,
    console: console.keys,
  },
  Object.fromEntries(Object.entries(LATER).map(([type, keys]) => [type, [...LATER_COMMON, ...keys.split(' ')]])),
  'Where the rows go',
  { module: module.keys },
);
