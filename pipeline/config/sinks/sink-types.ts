import { byType } from '../spec/variants.js';
import * as console from './console.js';
import * as file from './file.js';
import * as http from './http.js';
import * as influxdb from './influxdb.js';
import * as kafka from './kafka.js';
import * as module from './module.js';
import * as mongodb from './mongodb.js';
import * as s3 from './s3.js';

/**
 * The types of sinks, and `module`, which has no `type` in the file; a file each with the same exports: its `keys`, what the
 * branch makes of them (`branch`), the sink's own `options`, and `placeKey`, the key that says where the rows go, for
 * summaries and graphs.
 */
export const sinkTypes = { console, file, http, influxdb, kafka, module, mongodb, s3 } as const;

export const sinkSpec = byType(
  {
    file: file.keys,
    s3: s3.keys,
    influxdb: influxdb.keys,
    mongodb: mongodb.keys,
    kafka: kafka.keys,
    http: http.keys,
    console: console.keys,
  },
  'Where the rows go',
  { module: module.keys },
);
