import { PitwallError } from '../../core/errors.js';
import { formatIso, isoUs } from '../../core/event-time.js';
import type { OpenPartition } from '../bus-reader.js';

/** A place on the bus that holds for all partitions: the first record kept, an offset, or a time of receipt. */
export type BusPoint = { start: true } | { offset: number } | { timeUs: number };

/** How long a bus on other machines may take for the next record. */
const ANSWER_MS = 30_000;
const WAIT_MS = 500;

/** `start`, a whole number (an offset), or an ISO 8601 time; null when the text is none of them. */
export function busPoint(text: string): BusPoint | null {
  if (text === 'start') return { start: true };
  if (/^\d{1,15}$/.test(text) && !isDate(text)) return { offset: Number(text) };
  const timeUs = isoUs(text);
  return Number.isNaN(timeUs) ? null : { timeUs };
}

/** `20240501` is a time in ISO 8601, too; as an offset it would be a log of that many records. */
function isDate(text: string): boolean {
  return text.length === 8 && !Number.isNaN(isoUs(text));
}

/** The part of a partition from one point to another. */
export interface PartitionRange {
  from: number;
  /** The offset behind the last record. */
  to: number;
}

/**
 * Finds the records of a partition from `since` (included) until `until` (not included; null: what is there now). Throws
 * where records from `since` on are not kept any more.
 */
export async function partitionRange(
  place: OpenPartition,
  since: BusPoint,
  until: BusPoint | null,
): Promise<PartitionRange> {
  const { bus, topic, partition } = place;
  const start = await bus.start(topic, partition);
  const end = await bus.end(topic, partition);
  const offsetOf = async (point: BusPoint) => {
    if ('start' in point) return start;
    if ('offset' in point) return Math.min(point.offset, end);
    return firstReceived(place, point.timeUs, start, end);
  };
  const from = await offsetOf(since);
  const to = until === null ? end : await offsetOf(until);
  // Records before the first one kept are gone; whether some of them were meant, its time says.
  if (start > 0 && from <= start && !('start' in since)) {
    const first = await recordAt(place, start, end);
    const isGone = 'offset' in since ? from < start : first !== null && first.receivedUs > since.timeUs;
    if (isGone) {
      const kept = first ? `, received ${formatIso(first.receivedUs)},` : '';
      const what = 'offset' in since ? `offset ${from}` : formatIso(since.timeUs);
      throw refuse(
        `${topic} partition ${partition} is kept from offset ${start}${kept} on, and ${what} is before that; begin later, or with --since start`,
      );
    }
  }
  return { from: Math.max(from, start), to: Math.max(to, from, start) };
}

/**
 * Where receive times pass `timeUs`: the record there was received then or later, the one before it earlier. Times of
 * several gateways may go back a little; then it is one of the places where they pass.
 */
async function firstReceived(place: OpenPartition, timeUs: number, start: number, end: number): Promise<number> {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = await recordAt(place, middle, high);
    if (record === null || record.receivedUs >= timeUs) high = middle;
    else low = record.offset + 1;
  }
  return low;
}

/** The first record at or behind an offset, before `end`; null when there is none. */
async function recordAt(
  place: OpenPartition,
  from: number,
  end: number,
): Promise<{ offset: number; receivedUs: number } | null> {
  const { bus, topic, partition } = place;
  const untilMs = performance.now() + ANSWER_MS;
  for (let offset = from; offset < end; ) {
    const { records, next } = await bus.read(topic, partition, offset, 1);
    const [record] = records;
    if (record) return record.offset < end ? { offset: record.offset, receivedUs: record.receivedUs } : null;
    if (next === offset) await patience(place, untilMs);
    offset = next;
  }
  return null;
}

/** Waits for a bus that gave nothing though there is something; throws when that lasts. */
export async function patience({ bus, topic, partition }: OpenPartition, untilMs: number): Promise<void> {
  if (!bus.wait || performance.now() > untilMs) {
    throw new PitwallError('bus-failed', `${topic} partition ${partition}: no records come, though there are some`, {
      stage: 'bus',
      retryable: true,
    });
  }
  await bus.wait(WAIT_MS);
}

function refuse(message: string): PitwallError {
  return new PitwallError('bad-usage', message, { stage: 'command' });
}
