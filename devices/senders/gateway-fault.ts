import { PitwallError } from '../../core/errors.js';

/** What a sender fails with when it cannot go on with its gateway. */
export function unusable(url: string, why: string): PitwallError {
  return new PitwallError('protocol-error', `the gateway at ${safeUrl(url)} cannot be used: ${why}`, {
    stage: 'command',
    retryable: true,
  });
}

/** The address without user and password, for messages. */
function safeUrl(text: string): string {
  const url = new URL(text);
  url.username = url.password = '';
  return url.href;
}
