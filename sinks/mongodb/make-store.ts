import type { Store } from '../delivery/store.js';
import { BucketStore } from './bucket-store.js';
import { InsertStore } from './insert-store.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';
import { UpsertStore } from './upsert-store.js';

/** The store of a mode; a request of one is never given to another. */
export function makeStore(options: MongodbSinkOptions): Store<unknown> {
  switch (options.mode) {
    case 'bucket':
      return new BucketStore(options) as Store<unknown>;
    case 'upsert':
      return new UpsertStore(options) as Store<unknown>;
    default:
      return new InsertStore(options) as Store<unknown>;
  }
}
