import { PitwallError } from '../../core/errors.js';

/** The error of a listener whose address, as `key` of the configuration gives it, cannot be bound. */
export function cannotBind(key: string, host: string, port: number, cause?: Error): PitwallError {
  const why = cause ? ` (${cause.message})` : '';
  return new PitwallError(
    'bad-configuration',
    `${key}: ${host}:${port} cannot be bound${why}; is another process on it?`,
    {
      stage: 'gateway',
      cause,
    },
  );
}
