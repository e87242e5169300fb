import type { Schema } from '../../columnar/schema.js';
import { BATCH_ROWS_MAX } from '../../core/limits.js';
import type { BusRecord } from '../bus.js';
import type { ForwardMessage } from './forward-message.js';
import { NO_BATCH, readValue } from './read-value.js';
import { RecordGroup } from './record-group.js';

export type { ForwardMessage } from './forward-message.js';

/** Over how much receive time, and event time of a stream, merged records of an entity may spread. */
export const MERGE_SPREAD_US = 250_000;

export interface MergeLimits {
  bytesMax: number;
  rowsMax: number;
  /** MERGE_SPREAD_US unless given. */
  spreadUs?: number;
}

/** Records of an entity that came at about the same time: only those of one moment are merged. Told apart by identity. */
interface Moment {
  /** When its first record was received. */
  receivedUs: number;
}

interface OpenStream {
  group: RecordGroup;
  /** Where the last record of the group stands. */
  place: number;
  moment: Moment;
  /** Event time of the stream's first row in the moment. */
  baseUs: number;
}

/**
 * The records of one partition, in the order of their offsets, as messages for the broker: small records of a stream
 * are merged, everything else goes as it is, its bytes untouched. Never throws. The messages are to be sent in the order
 * given:
 *
 * - Rows of a stream keep their order. So a reader needs one mark a writer and stream to take each row once, in whatever
 *   other way the same records are merged when they are sent again (see Deduplicator).
 * - A message stands where its last record stood. So receive times ascend as they did, and readers, who add up their
 *   steps (see Ticker), see the same time pass. Nothing passes a tick, and no tick passes anything.
 * - The streams of an entity stay together. A backlog may hold minutes; if one stream's came as one message before those
 *   of another, a join would let rows go although their match is in the next message. So no row comes later than it did
 *   by more than `spreadUs` of receive time, or of the event time of any stream of its entity.
 */
export function mergeRecords(
  records: readonly BusRecord[],
  schemaOf: (fingerprint: number) => Schema | undefined,
  limits: MergeLimits,
): ForwardMessage[] {
  const { bytesMax, spreadUs = MERGE_SPREAD_US } = limits;
  const rowsMax = Math.min(limits.rowsMax, BATCH_ROWS_MAX);
  /** What is to be sent, at the place of its last record. */
  const groups: (RecordGroup | null)[] = new Array(records.length).fill(null);
  const open = new Map<string, OpenStream>();
  const moments = new Map<string, Moment>();
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!;
    const { kind, stream, key, receivedUs } = record;
    const read = kind === 'tick' ? NO_BATCH : readValue(record.value, schemaOf);
    if (read.schema === null) {
      if (kind === 'tick') open.clear();
      else open.delete(stream);
      groups[i] = new RecordGroup(record, read);
      continue;
    }
    const before = open.get(stream);
    let moment = moments.get(key);
    let baseUs = before && before.moment === moment ? before.baseUs : read.firstUs;
    if (
      moment === undefined ||
      Math.abs(receivedUs - moment.receivedUs) > spreadUs ||
      Math.abs(read.firstUs - baseUs) > spreadUs
    ) {
      moment = { receivedUs };
      moments.set(key, moment);
      baseUs = read.firstUs;
    }
    if (before?.moment === moment && before.group.takes(record, read, bytesMax, rowsMax)) {
      before.group.add(record, read);
      groups[before.place] = null;
      groups[i] = before.group;
      before.place = i;
    } else {
      const group = new RecordGroup(record, read);
      open.set(stream, { group, place: i, moment, baseUs });
      groups[i] = group;
    }
  }
  const messages: ForwardMessage[] = [];
  for (const group of groups) if (group !== null) messages.push(group.message());
  return messages;
}
