import { PitwallError } from './errors.js';

const DURATION_US: Record<string, number> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86400e6 };
const SIZE_BYTES: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const RATE_HZ: Record<string, number> = { Hz: 1, kHz: 1e3 };

/** A duration such as `250ms`, `1.5s`, `7d`, in whole microseconds. */
export function parseDurationUs(text: string): number {
  return Math.round(parse(text, DURATION_US, 'duration', '250ms, 5s, 1m, 2h, 7d'));
}

/** A size such as `64MiB` or `50GB`, in whole bytes. */
export function parseSizeBytes(text: string): number {
  return Math.round(parse(text, SIZE_BYTES, 'size', '512KiB, 64MiB, 50GiB'));
}

/** A rate such as `20Hz`, in hertz. */
export function parseRateHz(text: string): number {
  return parse(text, RATE_HZ, 'rate', '1Hz, 20Hz, 1kHz');
}

function parse(text: string, units: Record<string, number>, what: string, examples: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*$/.exec(text);
  const factor = match ? units[match[2]!] : undefined;
  if (!match || factor === undefined) {
    throw new PitwallError('bad-configuration', `"${text}" is not a ${what}; write one like ${examples}`, {
      stage: 'configuration',
    });
  }
  return Number(match[1]) * factor;
}

/** `1536000` bytes as `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${names[unit]}`;
}
