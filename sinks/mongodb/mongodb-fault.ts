import { MongoError } from 'mongodb';
import { StoreFault, type StoreFaultKind } from '../delivery/store-fault.js';

/** Codes of https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml. */
const AWAY = new Set([
  ...[6, 7, 24, 50, 63, 64, 75, 89, 91, 94, 100, 107, 112, 117, 133, 150, 175, 189, 202, 234, 262, 317, 358, 365, 402],
  ...[9001, 10107, 11600, 11601, 11602, 13388, 13435, 13436, 14031, 46841, 50915, 462],
]);
const SETUP = new Set([
  ...[8, 11, 13, 18, 20, 26, 31, 33, 48, 59, 67, 68, 72, 73, 79, 81, 85, 86, 96, 101, 115, 140, 166, 197, 211, 303],
  ...[323, 334, 390, 391, 8000, 10058, 13297],
]);
/** Of a whole command: BSON that is not taken, documents or messages that are too large, values of a wrong type. */
const ROWS = new Set([2, 9, 14, 15, 16, 17, 22, 28, 52, 53, 56, 66, 121, 10334, 17280, 17419, 17420, 16755]);

const LATER = ['RetryableWriteError', 'TransientTransactionError', 'SystemOverloadedError', 'RetryableError'];
const NETWORK =
  /Network|ServerSelection|PoolCleared|PoolClosed|TopologyClosed|NotConnected|WaitQueue|Timeout|Expired|ClientClosed/;
const OF_CLIENT = /Parse|InvalidArgument|MissingCredentials|Compatibility|API|Azure|AWS|Kerberos|MissingDependency/;

interface Said {
  name?: string;
  message?: string;
  code?: number | string;
  errmsg?: string;
  errorLabels?: readonly string[];
  cause?: unknown;
}

/** With the server's number for it, where it has one. */
export class MongodbFault extends StoreFault {
  constructor(
    kind: StoreFaultKind,
    message: string,
    readonly serverCode: number | null,
  ) {
    super(kind, message);
  }
}

/** What a code of a server is about; `otherwise` where it is not known. */
export function kindOfCode(code: number, otherwise: StoreFaultKind): StoreFaultKind {
  if (AWAY.has(code)) return 'away';
  if (SETUP.has(code)) return 'setup';
  return ROWS.has(code) ? 'rows' : otherwise;
}

/**
 * Any error of the driver as a fault of the store, in the server's own words without `secrets`. The driver's error is no
 * cause of it, since it may hold commands and addresses.
 */
export function mongodbFault(error: unknown, secrets: readonly string[] = []): unknown {
  if (error instanceof StoreFault) return error;
  if (!(error instanceof MongoError))
    return isAbort(error) ? new MongodbFault('away', 'the request was ended', null) : error;
  const { name = '', code, errorLabels = [] } = error as Said;
  const text = secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), wordsOf(error as Said));
  if (errorLabels.some((label) => LATER.includes(label))) return new MongodbFault('away', text, codeOf(code));
  if (typeof code === 'number') {
    const advice = code === 13 || code === 18 ? '; see url, username and password, and the rights of the user' : '';
    return new MongodbFault(kindOfCode(code, 'setup'), text + advice, code);
  }
  return new MongodbFault(!NETWORK.test(name) && OF_CLIENT.test(name) ? 'setup' : 'away', text, null);
}

/** The driver's own words for a server that is not found hide why. */
function wordsOf({ message = '', code, errmsg, name = '', cause }: Said): string {
  const text = errmsg ?? message;
  const why = (cause as Said | undefined)?.message;
  const more = name.includes('ServerSelection') && why && !text.includes(why) ? `: ${why}` : '';
  return typeof code === 'number' ? `${text} (code ${code})` : text + more;
}

function codeOf(code: unknown): number | null {
  return typeof code === 'number' ? code : null;
}

function isAbort(error: unknown): boolean {
  return /Abort|Timeout/.test(String((error as Said | null)?.name));
}
