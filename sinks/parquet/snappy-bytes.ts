import { createRequire } from 'node:module';
import type { Compress } from './parquet-pages.js';

type CompressBytes = NonNullable<Compress>;

let native: CompressBytes | null | undefined;

/**
 * Snappy's block format, by the native library where this machine has it, else by `portable`, which is several times
 * slower. What either makes, any reader of snappy reads.
 */
export function snappyCompressor(portable: CompressBytes): CompressBytes {
  if (native === undefined) native = nativeSnappy();
  return native ?? portable;
}

/** Loaded with the first file, and when there is no native code for the machine, null. */
function nativeSnappy(): CompressBytes | null {
  try {
    const { compressSync } = createRequire(import.meta.url)('snappy') as typeof import('snappy');
    return (bytes) => compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return null;
  }
}
