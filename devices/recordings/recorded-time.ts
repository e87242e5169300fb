import type { RecordedCell } from './row.js';

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

const UNIT_US: Record<TimeUnit, number> = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 };
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;
const WHOLE = /^\d{16,}$/;

/** 1971-01-01 in seconds: a smaller number cannot tell its unit. */
const EPOCH_S_MIN = 31_536_000;

/** The unit of an epoch number by its size, as the gateway tells it; null for a number too small for a date. */
export function unitBySize(value: number): TimeUnit | null {
  if (!(value >= EPOCH_S_MIN)) return null;
  if (value < EPOCH_S_MIN * 1e3) return 's';
  if (value < EPOCH_S_MIN * 1e6) return 'ms';
  return value < EPOCH_S_MIN * 1e9 ? 'us' : 'ns';
}

/**
 * A time cell in whole microseconds, or null when it is none: a number in `unit` (null: by its size), or an ISO 8601
 * text (UTC where it names no zone). Nanosecond clocks of 19 digits are rounded without losing any before.
 */
export function recordedTimeUs(cell: RecordedCell | undefined, unit: TimeUnit | null): number | null {
  if (typeof cell === 'number') return scaledUs(cell, unit);
  if (typeof cell !== 'string') return null;
  const text = cell.trim();
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) return isoTimeUs(text);
  if (WHOLE.test(text) && (unit ?? unitBySize(value)) === 'ns') {
    return Number(text.slice(0, -3)) + (text.at(-3)! >= '5' ? 1 : 0);
  }
  return scaledUs(value, unit);
}

function scaledUs(value: number, unit: TimeUnit | null): number | null {
  const known = unit ?? unitBySize(value);
  return known === null || !Number.isFinite(value) ? null : Math.round(value * UNIT_US[known]);
}

export function isoTimeUs(text: string): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, date, time = '00:00:00', fraction = '', zone = 'Z'] = match;
  const ms = Date.parse(
    `${date}T${time.length === 5 ? `${time}:00` : time}${zone.toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`,
  );
  return Number.isFinite(ms) ? ms * 1000 + Math.round(Number(`0.${fraction || '0'}`) * 1e6) : null;
}
