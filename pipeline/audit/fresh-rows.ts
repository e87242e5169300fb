import type { BusRecord } from '../../bus/bus.js';
import { PitwallError } from '../../core/errors.js';
import type { OpenPartition } from '../bus-reader.js';
import type { FreshRecords, FreshRows } from '../lanes/fresh-records.js';
import { type BusPoint, partitionRange, patience } from '../reprocess/bus-point.js';

const READ_BYTES = 1024 * 1024;
const ANSWER_MS = 30_000;

/**
 * The records with rows of a partition, each once, from `since` to the end it has now. Of what is not wanted nothing is
 * decoded; what cannot be read is left out, as branches leave it out. Values are valid until the next record is asked for.
 */
export async function* freshRows(
  place: OpenPartition,
  since: BusPoint,
  fresh: FreshRecords,
  isWanted: (record: BusRecord) => boolean,
): AsyncIterable<{ record: BusRecord; rows: FreshRows }> {
  const { bus, topic, partition } = place;
  const { from, to } = await partitionRange(place, since, null);
  let untilMs = performance.now() + ANSWER_MS;
  for (let offset = from; offset < to; ) {
    const run = await bus.read(topic, partition, offset, READ_BYTES);
    if (run.next === offset) await patience(place, untilMs);
    else untilMs = performance.now() + ANSWER_MS;
    offset = run.next;
    for (const record of run.records) {
      if (!fresh.isNew(record) || record.kind !== 'data' || record.offset >= to || !isWanted(record)) continue;
      let rows: FreshRows;
      try {
        rows = fresh.rows(record);
      } catch (error) {
        if (error instanceof PitwallError) continue;
        throw error;
      }
      yield { record, rows };
    }
  }
}
