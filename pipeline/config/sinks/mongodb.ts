import type { MongodbSinkOptions } from '../../../sinks/mongodb/mongodb-sink-options.js';
import { collectionTemplate, databaseName, mongodbUrl, wholeSeconds } from '../keys/mongodb-keys.js';
import { oneOrList } from '../spec/collections.js';
import { choice, text } from '../spec/scalars.js';
import { secret } from '../spec/secret.js';
import type { ValueOf } from '../spec/spec.js';
import { deliveredBranch, deliveryKeys } from './common-keys.js';

export const keys = {
  ...deliveryKeys,
  url: {
    spec: mongodbUrl(),
    required: true,
    example: 'mongodb://127.0.0.1:27017',
    doc: "MongoDB's connection string, with all it can hold; never shown, since it may hold a password",
  },
  username: { spec: text(), doc: 'The name, where it does not stand in `url`; needs `password`' },
  password: { spec: secret(), doc: 'The password of `username`; take it from a variable' },
  database: { spec: databaseName(), required: true, example: 'race', doc: 'The database' },
  collection: {
    spec: collectionTemplate(),
    required: true,
    example: 'laps',
    doc: 'The collection; `{stream}` is the name of the stream, with a dot for each `/`, `{car}` the tag `car`',
  },
  mode: {
    spec: choice({ insert: true, upsert: true, bucket: true, timeseries: true }),
    default: 'insert',
    doc: 'A document a row; or one a `key`, with the latest row; or one a stream and `bucket`, with arrays; or a time-series collection',
  },
  key: {
    spec: oneOrList(text('a column or tag')),
    example: '[car, lap]',
    doc: 'Columns and tags that make the key of `mode: upsert`',
  },
  bucket: {
    spec: wholeSeconds(),
    default: '1m',
    doc: 'How much time a document of `mode: bucket` holds',
  },
  expire: {
    spec: wholeSeconds(),
    example: '30d',
    doc: 'Documents are deleted when their time is so long ago; without it never',
  },
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = deliveredBranch;

export function options(sink: Checked): MongodbSinkOptions {
  const { url, username, password, database, collection, mode, key, bucket, expire, inFlight, timeout } = sink;
  return {
    url,
    login: username !== undefined && password !== undefined ? { username, password } : null,
    database,
    collection,
    mode,
    key: key ?? [],
    bucketUs: bucket,
    expireUs: expire ?? null,
    connections: inFlight,
    timeoutMs: timeout / 1000,
  };
}

export const placeKey = 'collection';
