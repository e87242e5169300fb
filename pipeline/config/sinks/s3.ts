import { COMPRESSIONS, S3_DEFAULTS, type S3SinkOptions } from '../../../sinks/s3/s3-sink-options.js';
import { bucketName, folderTemplate, keyPrefix } from '../keys/s3-names.js';
import { section } from '../spec/collections.js';
import { choice, duration, integer, size, text, truth } from '../spec/scalars.js';
import { secret } from '../spec/secret.js';
import { httpUrl } from '../spec/servers.js';
import type { ValueOf } from '../spec/spec.js';
import { flushedBranch, flushedKeys } from './common-keys.js';

export const keys = {
  ...flushedKeys,
  batch: section(
    {
      rows: { spec: integer(1, 1e9), default: 1_000_000, doc: 'The position is kept when there are so many rows' },
      every: { spec: duration(1e3, '1ms'), default: '250ms', doc: 'or when the first has waited for so long' },
    },
    'How often the position is kept; rows are written when an object is closed, which `roll` says',
  ),
  endpoint: {
    spec: httpUrl(),
    defaultText: "AWS's for the region",
    example: 'http://127.0.0.1:7070',
    doc: 'The address of a store that is not AWS',
  },
  region: { spec: text('a region'), default: S3_DEFAULTS.region, doc: 'The region of the bucket' },
  bucket: { spec: bucketName(), required: true, example: 'raw', doc: 'The bucket, which has to be there' },
  prefix: {
    spec: keyPrefix(),
    default: S3_DEFAULTS.prefix,
    example: 'telemetry/',
    doc: 'What every key begins with; a folder',
  },
  accessKeyId: {
    spec: text('an access key'),
    defaultText: "what the AWS SDK finds by itself: variables, its files, the machine's role",
    doc: 'The access key; needs `secretAccessKey`',
  },
  secretAccessKey: { spec: secret(), doc: 'Its secret; never shown' },
  pathStyle: {
    spec: truth(),
    defaultText: '`true` with `endpoint`, else `false`',
    doc: "Whether the bucket stands in the path, not in the host's name",
  },
  format: {
    spec: choice({ parquet: true, jsonl: true, avro: true }),
    default: S3_DEFAULTS.format,
    doc: 'What the objects are',
  },
  compression: {
    spec: choice({ snappy: true, gzip: true, none: true }),
    defaultText: '`snappy` for parquet, `gzip` for jsonl and avro',
    doc: 'How they are compressed; avro has its own `deflate` for `gzip`',
  },
  path: {
    spec: folderTemplate(),
    default: S3_DEFAULTS.path,
    example: '"car={car}/date={date}/lap={lap}"',
    doc: 'The folders of the objects: `{stream}`, `{date}` and `{hour}` of the row in UTC, `{car}` the tag or column `car`',
  },
  roll: section(
    {
      size: { spec: size(1, '1B'), default: '64MiB', doc: 'An object is closed with so many bytes of rows,' },
      rows: { spec: integer(1, 1e9), default: S3_DEFAULTS.roll.rows, doc: 'so many rows,' },
      every: { spec: duration(1e3, '1ms'), default: '1m', doc: 'or when its first record was received so long ago' },
    },
    'When an object is closed and the next one begun',
  ),
  memory: {
    spec: size(1024 * 1024, '1MiB'),
    default: '256MiB',
    doc: 'Rows held in open objects, in equal shares for the partitions of the bus; beyond its share a partition closes its largest object',
  },
  inFlight: { spec: integer(1, 64), default: S3_DEFAULTS.inFlight, doc: 'How many objects are sent at the same time' },
  timeout: {
    spec: duration(1e3, '1ms'),
    default: '30s',
    doc: 'A request that is not answered within this time has failed, and is tried again',
  },
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = flushedBranch;

export function options(sink: Checked): S3SinkOptions {
  const { region, bucket, prefix, accessKeyId, secretAccessKey, format, path, memory, inFlight, timeout } = sink;
  const { size: sizeBytes, rows, every: everyUs } = sink.roll;
  const endpoint = sink.endpoint ?? null;
  return {
    endpoint,
    region,
    bucket,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null,
    pathStyle: sink.pathStyle ?? endpoint !== null,
    timeoutMs: timeout / 1000,
    prefix,
    format,
    path,
    compression: sink.compression ?? COMPRESSIONS[format][0]!,
    roll: { sizeBytes, rows, everyUs },
    memoryBytes: memory,
    inFlight,
  };
}

export const placeKey = 'bucket';
