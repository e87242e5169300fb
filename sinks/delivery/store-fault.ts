import { PitwallError } from '../../core/errors.js';

/**
 * - `away`: it cannot be reached, is overloaded, or did not answer in time; the same will do later.
 * - `setup`: credentials, rights, or something that has to be there is missing. It is tried again too: somebody may mend it.
 * - `rows`: rows of the request are refused, and it is not known which, or none of the request was taken because of them.
 */
export type StoreFaultKind = 'away' | 'setup' | 'rows';

/** Why a store did not take a request. The message is the store's own where it gave one; it holds no secrets. */
export class StoreFault extends PitwallError {
  constructor(
    readonly kind: StoreFaultKind,
    message: string,
    options: { retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    const { retryAfterMs = null, cause } = options;
    super('sink-failed', message, { stage: 'sink', retryable: kind !== 'rows', cause, retryAfterMs });
  }
}
