import type { BusRecord, OriginPart, RecordMeta } from '../bus.js';

/**
 * A record as a Kafka message: key = entity key, value = Avro `TelemetryBatch` (behind five bytes of a schema registry,
 * where there is one), timestamp = receive time, and headers, all of them text:
 *
 * | header | what |
 * |---|---|
 * | `stream` | the stream's name |
 * | `schema` | fingerprint of its columns, in the schemas topic |
 * | `origin` | number, space, writer: see Deduplicator |
 * | `received` | microseconds since 1970 |
 * | `parts` | where the rows have several origins, or are a part of one: `NUMBER.FIRST.ROWS` each, each number less the one before |
 * | `tags` | JSON, when there are any |
 * | `kind` | `tick`; absent for data |
 * | `registry` | the id in front of the value; absent without a registry |
 */
export interface OutgoingMessage {
  partition: number;
  key: string | null;
  value: Buffer | null;
  timestamp: string;
  headers: Record<string, string>;
}

/** What a reader gets to see of a message. */
export interface IncomingMessage {
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[] | undefined>;
}

export interface RegistryPrefix {
  id: number;
  bytes: Buffer;
}

export const REGISTRY_PREFIX_BYTES = 5;
const NO_BYTES = Buffer.alloc(0);

/** `schema` is the fingerprint, 0 where the value is no `TelemetryBatch`. */
export function messageOf(
  partition: number,
  meta: RecordMeta,
  value: Buffer | null,
  schema: number,
  prefix: RegistryPrefix | null,
): OutgoingMessage {
  const headers: Record<string, string> = {
    stream: meta.stream,
    origin: `${meta.sequence} ${meta.writer}`,
    received: String(meta.receivedUs),
  };
  if (schema !== 0) headers.schema = String(schema);
  if (meta.parts) headers.parts = partsText(meta.parts);
  if (meta.tags !== '') headers.tags = meta.tags;
  if (meta.kind === 'tick') headers.kind = 'tick';
  const isPrefixed = prefix !== null && schema !== 0 && value !== null;
  if (isPrefixed) headers.registry = String(prefix.id);
  return {
    partition,
    key: meta.kind === 'tick' ? null : meta.key,
    value: isPrefixed ? Buffer.concat([prefix.bytes, value]) : value,
    timestamp: String(Math.max(0, Math.floor(meta.receivedUs / 1000))),
    headers,
  };
}

/** The record of a message, or null when the message was not written by Pitwall. */
export function recordOf({ offset, key, value, headers }: IncomingMessage): BusRecord | null {
  const stream = text(headers.stream);
  const origin = text(headers.origin);
  const received = text(headers.received);
  if (stream === null || origin === null || received === null) return null;
  const space = origin.indexOf(' ');
  const sequence = Number(origin.slice(0, space));
  const receivedUs = Number(received);
  if (space < 1 || !Number.isSafeInteger(sequence) || !Number.isFinite(receivedUs)) return null;
  const partText = text(headers.parts);
  const parts = partText === null ? undefined : readParts(partText);
  const tags = text(headers.tags) ?? '';
  if (parts === null || !areTags(tags)) return null;
  const kind = text(headers.kind) === 'tick' ? 'tick' : 'data';
  const body = value ?? NO_BYTES;
  const record: BusRecord = {
    offset,
    kind,
    key: key === null ? '' : key.toString(),
    stream,
    receivedUs,
    writer: origin.slice(space + 1),
    sequence,
    tags,
    value: headers.registry === undefined ? body : body.subarray(REGISTRY_PREFIX_BYTES),
  };
  if (parts) record.parts = parts;
  return record;
}

/** The fingerprint a message names; 0 = none. */
export function schemaOf(message: IncomingMessage): number {
  return Number(text(message.headers.schema) ?? 0);
}

function partsText(parts: readonly OriginPart[]): string {
  let before = 0;
  let all = '';
  for (const { sequence, firstRow, rows } of parts) {
    all += `${all === '' ? '' : ' '}${sequence - before}.${firstRow}.${rows}`;
    before = sequence;
  }
  return all;
}

/** Null where that is not what the text says. */
function readParts(all: string): OriginPart[] | null {
  let before = 0;
  const parts: OriginPart[] = [];
  for (const part of all.split(' ')) {
    const [step, firstRow, rows] = part.split('.').map(Number);
    before += step ?? Number.NaN;
    if (!Number.isSafeInteger(before) || !isCount(firstRow) || !isCount(rows)) return null;
    parts.push({ sequence: before, firstRow, rows });
  }
  return parts;
}

function isCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && value! >= 0;
}

let lastTags = '';

/** Whether readers may take it for the JSON of tags. Neighbours have the same, as a rule. */
function areTags(json: string): boolean {
  if (json === '' || json === lastTags) return true;
  try {
    const tags: unknown = JSON.parse(json);
    const sound =
      typeof tags === 'object' && tags !== null && Object.values(tags).every((value) => typeof value === 'string');
    if (sound) lastTags = json;
    return sound;
  } catch {
    return false;
  }
}

function text(header: Buffer | Buffer[] | undefined): string | null {
  return Buffer.isBuffer(header) ? header.toString() : null;
}
