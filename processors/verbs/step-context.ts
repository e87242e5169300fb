import { PitwallError } from '../../core/errors.js';
import type { Functions } from '../functions/load-functions.js';

/** Where a step stands, and where it may say something that is worth a warning once. */
export interface StepContext {
  readonly processor: string;
  /** Index of the step in its processor, from 0. */
  readonly step: number;
  /** Of the users' modules; null where no step has one. */
  readonly functions: Functions | null;
  warn(message: string): void;
}

export function stepFailed(context: StepContext, what: string, cause?: unknown): PitwallError {
  return new PitwallError('processor-failed', `processor ${context.processor}, steps[${context.step}]: ${what}`, {
    stage: 'processor',
    cause,
  });
}
