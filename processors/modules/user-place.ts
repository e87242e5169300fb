import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This package: the folder with `dist`. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const FRAME = /^\s+at (?:async |.*\()?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]+):(\d+):(\d+)\)?$/;

/**
 * Where in the users' own files an error was raised: `FILE:LINE:COLUMN` of the innermost frame of its stack that is neither
 * Pitwall's, nor Node's, nor an installed package's; null when there is none. Source maps give the lines of TypeScript.
 */
export function userPlace(error: unknown): string | null {
  const stack = (error as { stack?: unknown } | null)?.stack;
  if (typeof stack !== 'string') return null;
  for (const line of stack.split('\n')) {
    const [, file, row, column] = FRAME.exec(line) ?? [];
    if (file === undefined) continue;
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    if (!isForeign(path)) return `${path}:${row}:${column}`;
  }
  return null;
}

function isForeign(path: string): boolean {
  if (path.includes(`${sep}node_modules${sep}`)) return true;
  const inside = relative(PACKAGE, path);
  const folder = inside.split(sep)[0]!;
  if (folder === '..' || folder === 'examples') return false;
  // In a clone, modules of users may lie among the sources; these have been built.
  return folder === 'dist' || existsSync(join(PACKAGE, 'dist', inside.replace(/ts$/, 'js')));
}
