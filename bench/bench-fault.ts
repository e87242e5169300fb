import { PitwallError } from '../core/errors.js';

/** The benchmark cannot go on: a gateway or a load process failed. */
export function benchFault(message: string): PitwallError {
  return new PitwallError('internal', message, { stage: 'command' });
}
