import type { Batch } from '../../columnar/batch.js';
import { partitionRows } from '../../columnar/kernels/partition.js';
import { takeRows } from '../../columnar/kernels/take.js';
import { unpack } from '../../schemas/data-block.js';
import type { InputRecord } from '../partition-graph.js';
import { rowKeys } from './group-keys.js';

/**
 * A record of a group's topic as one record for each key among its rows: the key is their entity, and all rows of a key
 * are one stream `TOPIC/KEY`, in the order they stand on the bus.
 */
export function groupedRecords(record: InputRecord, topic: string, by: readonly string[]): InputRecord[] {
  const { packed, schema } = record;
  if (schema === null || (record.batch ?? packed)?.rows === 0) return [record];
  const batch = record.batch ?? (packed === null ? null : unpack([packed], topic, schema));
  if (batch === null) return [record];
  const { codes, keys, tags } = rowKeys(batch, by);
  const one = (code: number, rows: Batch): InputRecord => {
    const stream = `${topic}/${keys[code]}`;
    return { ...record, key: keys[code]!, stream, tags: tags[code]!, packed: null, batch: { ...rows, stream } };
  };
  if (keys.length === 1) return [one(0, batch)];
  const { order, starts } = partitionRows(codes, batch.rows, keys.length);
  return keys.map((_, code) => {
    const [from, to] = [starts[code]!, starts[code + 1]!];
    return one(code, takeRows(batch, order.subarray(from, to), to - from));
  });
}
