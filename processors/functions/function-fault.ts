import { PitwallError } from '../../core/errors.js';
import { userPlace } from '../modules/user-place.js';
import type { StepContext } from '../verbs/step-context.js';
import { CellFault } from './stored-cell.js';

/** What a function of a user's module raised, with the line of the module where it did. */
export function functionFailed(context: StepContext, module: string, cause: unknown): PitwallError {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `it raised ${String(cause)}`;
  const what = cause instanceof CellFault ? cause.message : text;
  const where = stepName(context, userPlace(cause) ?? module);
  // It may read a clock or a file: what failed now may pass the next time.
  return new PitwallError('processor-failed', `${where}: ${what}`, { stage: 'processor', retryable: true, cause });
}

/** Of what was raised behind the call of a function: it is on no line of its module, so Pitwall is at fault and not the row. */
export function isOwnFault(cause: unknown): boolean {
  return !(cause instanceof CellFault) && userPlace(cause) === null;
}

/** What messages call a step with a function. */
export function stepName({ processor, step }: StepContext, module: string): string {
  return `processor ${processor}, steps[${step}], map ${module}`;
}
