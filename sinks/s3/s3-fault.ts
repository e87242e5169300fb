import { StoreFault, type StoreFaultKind } from '../delivery/store-fault.js';

/** What the SDK throws, as far as it is of use here. */
interface SdkError {
  name?: string;
  message?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
  errors?: readonly SdkError[];
}

const SETUP: Record<string, string> = {
  NoSuchBucket: 'the bucket is not there; make it, the sink makes none',
  InvalidAccessKeyId: 'the store does not know the access key; correct accessKeyId',
  SignatureDoesNotMatch: 'the secret access key is wrong; correct secretAccessKey',
  AccessDenied: 'the key may not do this; it needs s3:ListBucket, s3:GetObject and s3:PutObject',
  ExpiredToken: 'the credentials have expired; renew them',
  InvalidToken: 'the session token is wrong',
  CredentialsProviderError:
    'there are no credentials; write accessKeyId and secretAccessKey, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  PermanentRedirect: 'the bucket is in another region; correct region or endpoint',
  AuthorizationHeaderMalformed: 'the region is not that of the bucket; correct region',
  IllegalLocationConstraintException: 'the region is not that of the bucket; correct region',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
  KeyTooLongError: 'a key is too long; shorten path or prefix',
  InvalidBucketName: 'that is no name of a bucket',
  NotImplemented: 'the store cannot do this; it has to take conditional writes (If-None-Match)',
};
const AWAY_STATUS = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** Any error of the SDK as a StoreFault: with the store's own words, its code, and what to do; without secrets. */
export function s3Fault(doing: string, error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const { name = '', message = '', code = '', $metadata, $response, errors } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  // Several addresses of a host that were all tried have their errors below one without a text.
  const words = (message || errors?.map((each) => each.message).join('; ') || code || name).trim();
  const advice = SETUP[name];
  const kind = kindOf(name, status);
  const what = [name === 'Error' || words.startsWith(name) ? '' : name, status ? `HTTP ${status}` : ''].filter(Boolean);
  const details = what.length > 0 ? ` (${what.join(', ')})` : '';
  return new StoreFault(kind, `${doing}: ${advice ? `${advice}: ` : ''}${words}${details}`, {
    retryAfterMs: retryAfterMs($response?.headers?.['retry-after']),
    cause: error,
  });
}

/** What the status alone says, a HEAD having no body with a code. */
function kindOf(name: string, status: number | undefined): StoreFaultKind {
  if (Object.hasOwn(SETUP, name)) return 'setup';
  if (status === undefined || AWAY_STATUS.has(status)) return 'away';
  return status >= 500 ? 'away' : 'setup';
}

/** Seconds or a date, as HTTP has it (RFC 9110, 10.2.3). */
function retryAfterMs(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
