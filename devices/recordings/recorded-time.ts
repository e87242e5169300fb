import { epochUs, isoUs, type TimeUnit, unitOf } from '../../core/event-time.js';
import type { RecordedCell } from './row.js';

const WHOLE = /^\d{16,}$/;

/**
 * A time cell in whole microseconds, or null when it is none: a number in `unit` (null: by its size, as the gateway
 * tells it), or an ISO 8601 text (UTC where it names no zone). Nanosecond clocks of 19 digits, which a double cannot
 * hold, are rounded without losing any before.
 */
export function recordedTimeUs(cell: RecordedCell | undefined, unit: TimeUnit | null): number | null {
  if (typeof cell === 'number') return known(epochUs(cell, unit));
  if (typeof cell !== 'string') return null;
  const text = cell.trim();
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) return known(isoUs(text));
  if (WHOLE.test(text) && (unit ?? unitOf(value)) === 'ns') {
    return Number(text.slice(0, -3)) + (text.at(-3)! >= '5' ? 1 : 0);
  }
  return known(epochUs(value, unit));
}

/** An ISO 8601 text in whole microseconds, or null when it is none. */
export function isoTimeUs(text: string): number | null {
  return known(isoUs(text));
}

function known(timeUs: number): number | null {
  return Number.isNaN(timeUs) ? null : timeUs;
}
