import { type ParquetSource, TAIL_BYTES } from '../parquet/parquet-times.js';
import type { ListedObject, ObjectStore } from './object-store.js';

/** An object as a file that is read in ranges. Its end, with which readers begin, is kept, and is all of a small one. */
export function objectBytes(store: ObjectStore, { key, bytes }: ListedObject): ParquetSource {
  const tailAt = Math.max(0, bytes - TAIL_BYTES);
  let tail: Promise<ArrayBuffer> | null = null;
  const read = async (from: number, to: number): Promise<ArrayBuffer> => {
    const found = await store.readRange(key, from, to);
    return found.buffer.slice(found.byteOffset, found.byteOffset + found.byteLength) as ArrayBuffer;
  };
  return {
    byteLength: bytes,
    async slice(from, to = bytes) {
      if (from < tailAt) return read(from, to);
      tail ??= read(tailAt, bytes);
      return (await tail).slice(from - tailAt, to - tailAt);
    },
  };
}
