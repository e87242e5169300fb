import type { Integers } from './field-types.js';
import type { LineOptions } from './line-template.js';

/** Which InfluxDB, and what in it, rows are written to; with credentials. */
export type InfluxdbTarget = { url: string } & (
  | { version: 1; database: string; username: string | null; password: string | null }
  | { version: 2; org: string; bucket: string; token: string }
  | { version: 3; database: string; token: string | null }
);

export interface InfluxdbSinkOptions extends LineOptions {
  target: InfluxdbTarget;
  integers: Integers;
  /** Whether requests are packed. */
  gzip: boolean;
}

/** For messages: what is written to, and where. */
export function placeText(target: InfluxdbTarget): string {
  const what = target.version === 2 ? `bucket "${target.bucket}"` : `database "${target.database}"`;
  return `influxdb ${target.url}, ${what}`;
}

/** A shorter one stands in many words, and no server repeats it. */
const SECRET_MIN = 4;

/** What no message may show. */
export function secretsOf(target: InfluxdbTarget): string[] {
  const secret = target.version === 1 ? target.password : target.token;
  return secret === null || secret.length < SECRET_MIN ? [] : [secret];
}
