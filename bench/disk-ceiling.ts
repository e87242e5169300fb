import { randomFillSync } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const WRITE_BYTES = 1024 * 1024;

/** Bytes a second that the disk takes durably: 1 MiB appended and fdatasync, again and again, in the given folder. */
export function diskBytesPerSecond(dir: string, seconds: number): number {
  const path = join(dir, 'disk-ceiling');
  const block = randomFillSync(Buffer.alloc(WRITE_BYTES));
  const file = openSync(path, 'w');
  let bytes = 0;
  const startMs = performance.now();
  try {
    while (performance.now() - startMs < seconds * 1000) {
      bytes += writeSync(file, block);
      fdatasyncSync(file);
    }
    return (bytes / (performance.now() - startMs)) * 1000;
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
