import type { InfluxdbSinkOptions, InfluxdbTarget } from '../../../sinks/influxdb/influxdb-sink-options.js';
import { oneOrList } from '../spec/collections.js';
import { namesOrMap } from '../spec/names-or-map.js';
import { choice, flag, integer, text } from '../spec/scalars.js';
import { secret } from '../spec/secret.js';
import { httpUrl } from '../spec/servers.js';
import type { ValueOf } from '../spec/spec.js';
import { deliveredBranch, deliveryKeys } from './common-keys.js';

export const keys = {
  ...deliveryKeys,
  url: {
    spec: httpUrl(),
    required: true,
    example: 'http://127.0.0.1:8086',
    doc: 'Where InfluxDB answers',
  },
  version: { spec: integer(1, 3), default: 1, doc: 'Which InfluxDB it is: its first number' },
  database: { spec: text(), example: 'telemetry', doc: 'Version 1 and 3, required there: the database' },
  username: { spec: text(), doc: 'Version 1: the name; needs `password`' },
  password: { spec: secret(), doc: 'Version 1: the password of `username`; take it from a variable' },
  org: { spec: text(), doc: 'Version 2, required there: the organization' },
  bucket: { spec: text(), doc: 'Version 2, required there: the bucket' },
  token: {
    spec: secret(),
    example: `"$\{INFLUX_TOKEN}"`,
    doc: 'Version 2, required there, and 3: the API token; take it from a variable',
  },
  measurement: {
    spec: text(),
    defaultText: "the stream's last level",
    example: '"{car}"',
    doc: 'The measurement; `{stream}` is the name of the stream, `{car}` the tag `car`',
  },
  tags: {
    spec: oneOrList(text()),
    defaultText: 'what patterns capture',
    doc: 'What becomes tags: captures, columns of texts or truth values, and `stream` for the name of the stream',
  },
  fields: {
    spec: namesOrMap(),
    defaultText: 'all columns that are no tags',
    example: '[speed, rpm]',
    doc: 'Columns that become fields; or a map of columns to what they are called there',
  },
  integers: {
    spec: choice({ auto: true, integer: true, float: true }),
    default: 'auto',
    doc: 'What a new field of whole numbers is stored as; `auto`: `i64`, which JSON gives, as float, for the next number may have a fraction, and narrower ones as integer',
  },
  precision: {
    spec: choice({ ns: true, us: true, ms: true, s: true }),
    default: 'ns',
    doc: 'Unit of the stored time; with `ns` rows of equal times are kept apart, with the others they write over one another',
  },
  gzip: { spec: flag(), default: true, doc: 'Whether requests are packed' },
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = deliveredBranch;

export function options(sink: Checked): InfluxdbSinkOptions {
  const { measurement, tags, fields, integers, precision, gzip } = sink;
  return {
    target: targetOf(sink),
    measurement: measurement ?? null,
    tags: tags ?? null,
    fields: fields ?? null,
    integers,
    precision,
    gzip,
  };
}

/** What is required for a version is there: `check-influxdb.ts` sees to it. */
function targetOf({ url, version, database, username, password, org, bucket, token }: Checked): InfluxdbTarget {
  if (version === 2) return { url, version, org: org ?? '', bucket: bucket ?? '', token: token ?? '' };
  if (version === 3) return { url, version, database: database ?? '', token: token ?? null };
  return { url, version: 1, database: database ?? '', username: username ?? null, password: password ?? null };
}

export const placeKey = 'url';
