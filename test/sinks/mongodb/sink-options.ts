import type { MongodbSinkOptions } from '../../../sinks/mongodb/mongodb-sink-options.js';

export const DATABASE = 'pitwall-tests';

/** Options as the configuration gives them. */
export function optionsOf(url: string, collection: string, more: Partial<MongodbSinkOptions> = {}): MongodbSinkOptions {
  return {
    url,
    login: null,
    database: DATABASE,
    collection,
    mode: 'insert',
    key: [],
    bucketUs: 60_000_000,
    expireUs: null,
    connections: 4,
    timeoutMs: 30_000,
    ...more,
  };
}
