import { StoreFault } from '../delivery/store-fault.js';
import type { StoreLook } from '../store-look.js';
import { extensionOf } from './object-encoder.js';
import { parseKey } from './object-name.js';
import { ObjectStore } from './object-store.js';
import type { S3SinkOptions } from './s3-sink-options.js';

/** Reaches the bucket with the sink's credentials, and looks at the first objects below its prefix. Writes nothing. */
export async function lookAtS3(options: S3SinkOptions): Promise<StoreLook> {
  const store = new ObjectStore(options);
  const { prefix, format, compression } = options;
  const at = prefix === '' ? '' : ` below ${prefix}`;
  try {
    const keys = await store.firstKeys(prefix);
    const extension = extensionOf(format, compression);
    const others = keys.filter((key) => parseKey(key) !== null && !key.endsWith(`.${extension}`));
    const strange = keys.filter((key) => parseKey(key) === null && !key.startsWith(`${prefix}_pitwall/`));
    const warnings: string[] = [];
    if (others.length > 0) warnings.push(`${others[0]} is of another format; a reader of both has to tell them apart`);
    if (strange.length > 0)
      warnings.push(`${strange[0]} was not written by an s3 sink; give the sink a prefix of its own`);
    const what = keys.length === 0 ? 'nothing is there yet' : 'objects are there already';
    return { found: `the bucket can be read${at}; ${what}`, warnings, faults: [] };
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    return { found: '', warnings: [], faults: [error.message] };
  } finally {
    store.close();
  }
}
