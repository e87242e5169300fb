import { fileURLToPath } from 'node:url';
import { PitwallError } from '../../core/errors.js';
import type { StepContext } from '../verbs/step-context.js';
import { CellFault } from './stored-cell.js';

/** A place in a line of a stack: `at call (file:///a/b.js:12:5)`, `at /a/b.ts:12:5`. */
const PLACE = /^\s*at (?:.*\(|async )?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^()]*):(\d+):(\d+)\)?$/;
/** Messages whose lines are remembered. */
const REMEMBERED_MAX = 100;

/** What a function of a user's module raised, with the line of the module where it did. */
export function functionFailed(context: StepContext, module: string, cause: unknown, lines: ModuleLines): PitwallError {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `it raised ${String(cause)}`;
  const what = cause instanceof CellFault ? cause.message : text;
  const where = `processor ${context.processor}, steps[${context.step}], map ${lines.of(text, cause, module)}`;
  // It may read a clock or a file: what failed now may pass the next time.
  return new PitwallError('processor-failed', `${where}: ${what}`, { stage: 'processor', retryable: true, cause });
}

/**
 * Where messages came from. A stack costs half a millisecond to be told in lines of the sources, which is too much where
 * every row fails.
 */
export class ModuleLines {
  private readonly known = new Map<string, string>();

  of(text: string, cause: unknown, module: string): string {
    let line = this.known.get(text);
    if (line !== undefined) return line;
    line = moduleLine(cause, module);
    if (this.known.size < REMEMBERED_MAX) this.known.set(text, line);
    return line;
  }
}

/**
 * `FILE:LINE:COLUMN` of the innermost line of the user's that is on the stack: one of the module, else one of a file that
 * it imports, packages aside; the module alone where there is none. Stacks name the lines of the sources.
 */
export function moduleLine(cause: unknown, module: string): string {
  const stack = cause instanceof Error ? String(cause.stack) : '';
  for (const line of stack.split('\n')) {
    const place = PLACE.exec(line);
    if (!place) continue;
    const file = pathOf(place[1]!);
    if (file !== null && !isOwn(file)) return `${file}:${place[2]}:${place[3]}`;
  }
  return module;
}

function pathOf(text: string): string | null {
  try {
    // A loader may tell versions of a file apart by a query.
    return text.startsWith('file:') ? fileURLToPath(text.replace(/\?.*$/, '')) : text.replace(/\?.*$/, '');
  } catch {
    return null;
  }
}

const OWN_FOLDERS = ['processors', 'columnar', 'core', 'pipeline'];
/** This package as it was built, and as its sources stand: stacks name the latter. */
const ROOTS = ['../../', '../../../'].map((above) => new URL(above, import.meta.url)).map((url) => fileURLToPath(url));

function isOwn(file: string): boolean {
  return (
    file.includes('/node_modules/') ||
    ROOTS.some((root) => OWN_FOLDERS.some((folder) => file.startsWith(`${root}${folder}/`)))
  );
}
