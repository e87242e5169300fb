import { PitwallError } from '../../core/errors.js';

/** Another process has taken the state over: this one must stop working on it. Trying again cannot help, opening can. */
export class SupersededError extends PitwallError {
  readonly superseded = true;

  constructor(what: string, by: string) {
    super('bus-failed', `${what}: another process has taken it over (${by}); this one stops working on it`, {
      stage: 'bus',
      retryable: true,
    });
    this.name = 'SupersededError';
  }
}
