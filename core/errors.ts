/**
 * Every error Pitwall raises on purpose: a `code` from a closed list, the `stage` that raised it, whether trying
 * again can help, and the cause. Messages say what is wrong, where, and what to do; they never hold a secret.
 */
export const ERROR_CODES = {
  // configuration and usage
  'bad-configuration': 'the configuration file is invalid',
  'bad-usage': 'a command was called with wrong arguments',
  'not-supported': 'the feature is known but not part of this version',
  // what a device sent
  'bad-payload': 'the payload cannot be decoded',
  'bad-time': 'the time of a row cannot be read or is out of range',
  'type-contradiction': 'a cell contradicts the type of its column',
  'bad-stream-name': 'the stream name is not allowed',
  'undeclared-stream': 'the stream is not declared and undeclared streams are rejected',
  'unknown-schema': 'the schema number was never described on this connection',
  'payload-too-large': 'the payload is over the limit',
  'too-many-columns': 'the stream has more columns than the limit',
  'bad-sequence': 'the sequence number goes back or is missing',
  // admission
  'over-budget': 'the memory budget is used up',
  'not-authorised': 'the client may not do this',
  'protocol-error': 'the peer broke the protocol',
  // storage and results
  'bus-full': 'the bus has reached its size and holds the devices back',
  'bus-failed': 'the bus could not store or read',
  'corrupt-record': 'a stored record cannot be read',
  'processor-failed': 'a processor step raised an error',
  'sink-failed': 'a sink could not write',
  internal: 'a fault in Pitwall itself',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
export type Stage = 'configuration' | 'command' | 'gateway' | 'decode' | 'bus' | 'processor' | 'sink' | 'pipeline';

export interface ErrorOptions {
  stage: Stage;
  retryable?: boolean;
  /** Whoever raised it asks for this much time before the next attempt. */
  retryAfterMs?: number | null;
  cause?: unknown;
}

export class PitwallError extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, options: ErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PitwallError';
    this.code = code;
    this.stage = options.stage;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
