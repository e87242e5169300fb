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
  if (packed === null || schema === null || packed.rows === 0) return [record];
  const batch = unpack([packed], topic, schema);
  const { codes, keys, tags } = rowKeys(batch, by);
  const one = (code: number, rows: typeof batch): InputRecord => {
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
