import { STATUS_CODES } from 'node:http';
import { retryAfterMs } from '../delivery/retry-after.js';
import { StoreFault, type StoreFaultKind } from '../delivery/store-fault.js';

/** Something about a row, or about a request that is too large. */
const OF_ROWS = [400, 409, 413, 422];
/** Later it may answer. */
const OF_NOW = [408, 425, 429];

const ADVICE: Readonly<Record<number, string>> = {
  401: 'check the headers',
  403: 'check the headers, and what they may do',
  404: 'check the path of url',
  405: 'it must take POST at url',
  410: 'check the path of url',
  415: 'it must take the format of the sink, and gzip where that is on',
};

/** What a status that is not 2xx says of a request. `words` are the server's own, for people. */
export function statusFault(response: Response, words: string): StoreFault {
  const { status, headers } = response;
  const said = words === '' ? '' : `: ${words}`;
  const message = `answered ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status >= 300 && status < 400) {
    return new StoreFault(
      'setup',
      `${message}${placeOf(headers.get('location'))}; it is not followed, put the real address into url`,
    );
  }
  const kind = kindOf(status);
  const advice = kind === 'setup' && ADVICE[status] ? `; ${ADVICE[status]}` : '';
  const wait = kind === 'away' ? retryAfterMs(headers.get('retry-after')) : null;
  return new StoreFault(kind, `${message}${said}${advice}`, { retryAfterMs: wait });
}

function kindOf(status: number): StoreFaultKind {
  if (OF_ROWS.includes(status)) return 'rows';
  return status >= 500 || OF_NOW.includes(status) ? 'away' : 'setup';
}

/** Where a redirection leads, without what may be a secret in it. */
function placeOf(location: string | null): string {
  if (location === null || !URL.canParse(location)) return '';
  const { origin, pathname } = new URL(location);
  return ` to ${origin}${pathname}`;
}

/** An exchange that came to no answer, or to half of one. */
export function exchangeFault(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const { cause, message } = error as Error;
  const { code, message: inner } = (cause ?? error) as NodeJS.ErrnoException;
  // Node has the errors of all addresses of a name in one, whose message is empty.
  const text = inner || code || message;
  const what = /terminated|other side closed|ECONNRESET|UND_ERR_SOCKET|aborted/i.test(`${message} ${code} ${inner}`)
    ? `broke off its answer (${text})`
    : `cannot be reached (${text})`;
  return new StoreFault('away', what, { cause: error });
}
