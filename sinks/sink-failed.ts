import { PitwallError } from '../core/errors.js';

/** The error of a sink that says why itself; `retryable`: opening it and feeding again can help. */
export function sinkFailed(message: string, retryable: boolean, cause?: unknown): PitwallError {
  return new PitwallError('sink-failed', message, { stage: 'sink', retryable, cause });
}
