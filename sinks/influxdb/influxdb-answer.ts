import { StoreFault } from '../delivery/store-fault.js';
import type { StoredType } from './field-types.js';
import type { Answer } from './influxdb-client.js';
import type { InfluxdbTarget } from './influxdb-sink-options.js';
import { secretsOf } from './influxdb-sink-options.js';

/** What has become of a request's lines. Where some are refused, the others are stored. */
export type Outcome =
  | { kind: 'stored' }
  /** Lines are refused whose field is of another type than the stored one. The names are those in the store. */
  | { kind: 'type'; measurement: string; field: string; stored: StoredType; message: string }
  /** So many lines are refused, and it is not said which. */
  | { kind: 'some'; dropped: number; message: string }
  /** These lines are refused, by their number from 0. */
  | { kind: 'lines'; lines: { line: number; reason: string }[]; message: string };

const GO_TEXT = '("(?:[^"\\\\]|\\\\.)*")';
const TYPE_CONFLICT = new RegExp(
  `input field ${GO_TEXT} on measurement ${GO_TEXT} is type \\w+, already exists as type (float|integer|unsigned|string|boolean)\\b`,
);
const DROPPED = /\bdropped=(\d+)\s*$/;
const TEXT_MAX = 500;

/** Reads the answer to a write. Throws a StoreFault where nothing was stored, or it cannot be told what was. */
export function outcomeOf(target: InfluxdbTarget, answer: Answer): Outcome {
  const { status, retryAfterMs } = answer;
  if (status === 204) return { kind: 'stored' };
  const json = parse(answer.body);
  const message = messageOf(target, answer, json);
  const setup = (what: string) => new StoreFault('setup', `${what} (${status}: ${message})`, { retryAfterMs });
  if (status === 400 || status === 422) return refused(json, message);
  if (status === 413) {
    throw new StoreFault('rows', `refuses a request of ${answer.sent} bytes as too large (${status}: ${message})`);
  }
  if (status === 401) throw setup('the credentials are refused');
  if (status === 403) throw setup('the credentials may not write here');
  if (status === 404) throw setup(whatIsMissing(target, message));
  if (status === 408 || status === 429 || status >= 500) {
    throw new StoreFault('away', `answers ${status}: ${message}`, { retryAfterMs });
  }
  throw setup(`gives an answer that InfluxDB ${target.version} does not; look at url and version`);
}

function refused(json: Json, message: string): Outcome {
  const conflict = TYPE_CONFLICT.exec(message);
  const [field, measurement] = [goText(conflict?.[1]), goText(conflict?.[2])];
  if (conflict && field !== null && measurement !== null) {
    return { kind: 'type', measurement, field, stored: conflict[3] as StoredType, message };
  }
  if (Array.isArray(json.data)) {
    const lines = json.data.map((each: Json) => ({
      line: Number(each?.line_number) - 1,
      reason: String(each?.error_message ?? message).slice(0, TEXT_MAX),
    }));
    return { kind: 'lines', lines, message };
  }
  const dropped = DROPPED.exec(message);
  if (dropped) return { kind: 'some', dropped: Number(dropped[1]), message };
  throw new StoreFault('rows', message);
}

function whatIsMissing(target: InfluxdbTarget, message: string): string {
  if (target.version === 1 && message.includes('database not found')) {
    const { database } = target;
    return `there is no database "${database}"; create it: influx -execute 'CREATE DATABASE "${database}"'`;
  }
  if (target.version === 2 && /organi[sz]ation/.test(message)) return `there is no organization "${target.org}"`;
  if (target.version === 2 && message.includes('bucket')) {
    const { org, bucket } = target;
    return `there is no bucket "${bucket}"; create it: influx bucket create --org "${org}" --name "${bucket}"`;
  }
  return `does not know the path of writes; look at url and version (${target.version} here)`;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a server answers
type Json = any;

function parse(body: string): Json {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

/** InfluxDB 1 and 3 call it `error`, 2 `message`. */
function messageOf(target: InfluxdbTarget, { body, status }: Answer, json: Json): string {
  const given = [json.error, json.message].find((each) => typeof each === 'string' && each !== '');
  let text = String(given ?? body.replaceAll(/\s+/g, ' ').trim()) || `status ${status}`;
  for (const secret of secretsOf(target)) text = text.replaceAll(secret, '***');
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX / 2)} … ${text.slice(-TEXT_MAX / 2)}` : text;
}

/** A text as Go's `%q` writes it; null where it has escapes that JSON does not. */
function goText(quoted: string | undefined): string | null {
  try {
    return quoted === undefined ? null : (JSON.parse(quoted) as string);
  } catch {
    return null;
  }
}
