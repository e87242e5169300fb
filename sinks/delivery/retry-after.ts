/** A wait that is asked for counts up to here: nothing stands for a day because a server's clock is wrong. */
const WAIT_MS_MAX = 3_600_000;

/**
 * The wait that a `Retry-After` header asks for (RFC 9110, 10.2.3), in milliseconds and up to an hour: seconds, or a date.
 * Null where there is none, or nothing that can be read.
 */
export function retryAfterMs(header: string | null | undefined, nowMs: number = Date.now()): number | null {
  const text = header?.trim() ?? '';
  const isSeconds = /^\d+(\.\d+)?$/.test(text);
  const waitMs = isSeconds ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - nowMs : Number.NaN;
  if (Number.isNaN(waitMs)) return null;
  return Math.round(Math.min(WAIT_MS_MAX, Math.max(0, waitMs)));
}
