import { accessSync } from 'node:fs';
import { join } from 'node:path';

/** Where the sink keeps what it knows, below its path. Stream folders never start with a dot. */
export const STATE_FOLDER = '.pitwall';

/** Whether the file system below takes `A` for `a`. */
export function ignoresCase(path: string): boolean {
  try {
    accessSync(join(path, STATE_FOLDER.toUpperCase()));
    return true;
  } catch {
    return false;
  }
}
