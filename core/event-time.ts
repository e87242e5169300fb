import { TIME_US_MAX } from './limits.js';

/** The fields that carry a row's time where no rule names one, in the order they are looked for. */
export const TIME_FIELDS = ['t', 'ts', 'time', 'timestamp'] as const;

/** The bool column that is true in rows whose time is the receive time. */
export const TIME_IS_RECEIVED = 'timeIsReceived';

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

const UNIT_US: Record<TimeUnit, number> = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 };

/** 1971-01-01 in seconds: what is less cannot tell its unit. */
const EPOCH_S_MIN = 31_536_000;

/**
 * The unit of an epoch number by its size: the coarsest in which it is 1971 or later and not past 2970. Years 1971 to
 * 2200 are told apart in all four units. Null below 31,536,000 (1971 in seconds): a small number may be seconds since
 * 1970, or a counter in any unit since the device started.
 */
export function unitOf(epoch: number): TimeUnit | null {
  if (!(epoch >= EPOCH_S_MIN)) return null;
  if (epoch < EPOCH_S_MIN * 1e3) return 's';
  if (epoch < EPOCH_S_MIN * 1e6) return 'ms';
  if (epoch < EPOCH_S_MIN * 1e9) return 'us';
  return 'ns';
}

/** `value` of a unit in microseconds, not rounded. */
export function toUs(value: number, unit: TimeUnit): number {
  return unit === 'ns' ? value / 1000 : value * UNIT_US[unit];
}

/** An epoch number in whole microseconds since 1970; NaN when it cannot be told or is outside 1970..2200. */
export function epochUs(epoch: number, unit: TimeUnit | null): number {
  const known = unit ?? unitOf(epoch);
  if (known === null) return Number.NaN;
  if (known === 'us') return inRange(Math.round(epoch));
  // In two parts that are exact: one product or quotient would round twice, and be a microsecond off now and then.
  if (known === 'ns') {
    const below = epoch % 1e9;
    return inRange(Math.round((epoch - below) / 1e9) * 1e6 + Math.round(below / 1000));
  }
  const whole = Math.floor(epoch);
  return inRange(toUs(whole, known) + Math.round(toUs(epoch - whole, known)));
}

const ISO =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,18}))?)?)?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?$/;

/**
 * An ISO 8601 text in whole microseconds since 1970, UTC where it names no zone; NaN when it is none or is outside
 * 1970..2200. A leap second (`:60`) counts as the first of the next minute.
 */
export function isoUs(text: string): number {
  const parts = text.length <= 64 ? ISO.exec(text) : null;
  if (parts === null) return Number.NaN;
  const year = Number(parts[1]);
  const month = Number(parts[2]);
  const day = Number(parts[3]);
  const hour = Number(parts[4] ?? 0);
  const minute = Number(parts[5] ?? 0);
  const second = Number(parts[6] ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return Number.NaN;
  if (hour > 24 || minute > 59 || second > 60 || (hour === 24 && (minute > 0 || second > 0))) return Number.NaN;
  const fractionUs = parts[7] === undefined ? 0 : Math.round(Number(`0.${parts[7]}`) * 1e6);
  const zone = zoneMinutes(parts[8]);
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - zone * 60;
  return inRange(seconds * 1e6 + fractionUs);
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function inRange(timeUs: number): number {
  return timeUs >= 0 && timeUs <= TIME_US_MAX ? timeUs : Number.NaN;
}

/** Whole microseconds as ISO 8601 with six decimals, as `isoUs` reads it. */
export function formatIso(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(timeUs - ms * 1000).padStart(3, '0')}Z`;
}
