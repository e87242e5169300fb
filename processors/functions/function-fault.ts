import { PitwallError } from '../../core/errors.js';
import { userPlace } from '../modules/user-place.js';
import type { StepContext } from '../verbs/step-context.js';
import { CellFault } from './stored-cell.js';

/** Messages whose lines are remembered. */
const REMEMBERED_MAX = 100;

/** What a function of a user's module raised, with the line of the module where it did. */
export function functionFailed(context: StepContext, module: string, cause: unknown, lines: ModuleLines): PitwallError {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `it raised ${String(cause)}`;
  const what = cause instanceof CellFault ? cause.message : text;
  const where = stepName(context, lines.of(text, cause, module));
  // It may read a clock or a file: what failed now may pass the next time.
  return new PitwallError('processor-failed', `${where}: ${what}`, { stage: 'processor', retryable: true, cause });
}

/** What messages call a step with a function. */
export function stepName({ processor, step }: StepContext, module: string): string {
  return `processor ${processor}, steps[${step}], map ${module}`;
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
    line = userPlace(cause) ?? module;
    if (this.known.size < REMEMBERED_MAX) this.known.set(text, line);
    return line;
  }
}
