import type { HttpSinkOptions } from '../../../sinks/http/http-sink-options.js';
import { flag } from '../spec/flag.js';
import { httpHeaders } from '../spec/http-headers.js';
import { choice } from '../spec/scalars.js';
import { httpUrl } from '../spec/servers.js';
import type { ValueOf } from '../spec/spec.js';
import { deliveredBranch, deliveryKeys } from './common-keys.js';

export const keys = {
  ...deliveryKeys,
  url: {
    spec: httpUrl(),
    required: true,
    example: 'http://127.0.0.1:9000/rows',
    doc: 'Where rows are posted to, without credentials; these are headers',
  },
  headers: {
    spec: httpHeaders(),
    example: '{ X-Api-Key: "…" }',
    doc: 'Headers of each request',
  },
  format: {
    spec: choice({ json: true, jsonl: true, avro: false }),
    default: 'json',
    doc: 'What is posted: an array of objects (`application/json`), or an object a line (`application/x-ndjson`)',
  },
  gzip: { spec: flag(), default: false, doc: 'Whether requests are compressed, with `Content-Encoding: gzip`' },
  positions: {
    spec: flag(),
    default: false,
    doc: 'Whether each row holds its place on the bus as `position`, the same whenever it is sent, for receivers that take each row once',
  },
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = deliveredBranch;

export function options({ url, headers, format, gzip, positions }: Checked): HttpSinkOptions {
  return { url, headers: headers ?? {}, format, gzip, positions };
}

export const placeKey = 'url';
