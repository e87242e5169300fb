import { randomBytes } from 'node:crypto';
import type { Speed } from '../../devices/pacer.js';
import type { SenderSettings } from '../../devices/senders/open-sender.js';
import { type Arguments, type Option, usageError } from '../command.js';

/** Options that `simulate` and `replay` share. */
export const LOAD_OPTIONS: Readonly<Record<string, Option>> = {
  to: {
    type: 'string',
    value: 'URL',
    doc: 'the gateway: mqtt://HOST:PORT, ws://HOST:PORT/ingest, or ws://HOST:PORT/mqtt',
  },
  speed: {
    type: 'string',
    default: '1',
    value: 'N|max',
    doc: 'times faster than real time; max: as fast as the gateway takes it',
  },
  format: {
    type: 'string',
    value: 'json|packed',
    doc: 'JSON, or Avro batches (default: packed over /ingest, json over MQTT)',
  },
  qos: { type: 'string', default: '1', value: '0|1|2', doc: 'MQTT quality of service' },
  'mqtt-version': { type: 'string', default: '5', value: '3.1.1|5', doc: 'MQTT protocol version' },
  'in-flight': { type: 'string', default: '1000', value: 'N', doc: 'MQTT: unanswered messages at most' },
  client: { type: 'string', value: 'NAME', doc: 'the name the gateway knows the sender by (default: a new one)' },
  'give-up': { type: 'string', default: '60', value: 'SECONDS', doc: 'end after so long without a connection' },
};

/** How to send, without the format's default, which depends on the address. */
export function senderSettings({ values }: Arguments, command: string): SenderSettings {
  if (values.to === undefined) throw usageError(`${command} needs --to URL, for example --to mqtt://127.0.0.1:1883`);
  const url = String(values.to);
  const isIngest = /^wss?:/.test(url) && !/\/mqtt\/?$/.test(url.split('?')[0]!);
  const format = oneOf(values.format ?? (isIngest ? 'packed' : 'json'), '--format', ['json', 'packed'] as const);
  const version = oneOf(values['mqtt-version'], '--mqtt-version', ['3.1.1', '5'] as const);
  return {
    url,
    format,
    client: String(values.client ?? `${command}-${randomBytes(4).toString('hex')}`),
    known: 'continue',
    qos: Number(oneOf(values.qos, '--qos', ['0', '1', '2'] as const)) as 0 | 1 | 2,
    version: version === '5' ? 5 : 4,
    inFlight: wholeNumber(values['in-flight'], '--in-flight', 1, 65_535),
    giveUpMs: positive(values['give-up'], '--give-up') * 1000,
  };
}

export function speedOf(value: unknown): Speed {
  return value === 'max' ? Number.POSITIVE_INFINITY : positive(value, '--speed');
}

export function wholeNumber(value: unknown, option: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(value);
  if (!/^\d+$/.test(String(value)) || number < least || number > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw usageError(`${option} takes a whole number ${range}, not "${value}"`);
  }
  return number;
}

export function positive(value: unknown, option: string): number {
  const number = Number(value);
  if (!(number > 0 && number < Number.POSITIVE_INFINITY))
    throw usageError(`${option} takes a number over 0, not "${value}"`);
  return number;
}

export function oneOf<T extends string>(value: unknown, option: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw usageError(`${option} takes ${allowed.join(' or ')}, not "${value}"`);
  return value as T;
}
