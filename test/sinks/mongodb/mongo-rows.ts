import assert from 'node:assert/strict';
import { type Document, MongoClient } from 'mongodb';
import type { Cell, Row, Rows } from '../../contract/sink-workload.js';

/** What is in a collection, with int64 as bigint; read with a client that is not the sink's. */
export async function documentsOf(url: string, database: string, collection: string): Promise<Document[]> {
  return withMongo(url, (client) => client.db(database).collection(collection).find({}).batchSize(5_000).toArray());
}

/** Does something with a client of its own. */
export async function withMongo<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { useBigInt64: true });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Documents of `insert` as rows of the contract, each stream's in the order in which they were fed. */
export function rowsByStream(documents: readonly Document[]): Rows {
  const rows: Rows = new Map();
  for (const { _id, time, stream, ...rest } of [...documents].sort(byPlace)) {
    const row = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, cellOf(value)]));
    const list = rows.get(stream);
    if (list) list.push(row as Row);
    else rows.set(stream, [row as Row]);
  }
  return rows;
}

/** Documents of `upsert`: one row a stream. */
export function latestRows(documents: readonly Document[]): Rows {
  return rowsByStream(documents.map(({ _at, ...rest }) => rest));
}

/** Documents of `bucket` as rows; all arrays of one are as long as it says. */
export function rowsOfBuckets(documents: readonly Document[]): Rows {
  const rows: Rows = new Map();
  for (const { _id, _state, time, stream, count, timeUs, car, ...columns } of documents) {
    assert.deepEqual([_id.stream, _id.time], [stream, time]);
    const list = rows.get(stream) ?? [];
    rows.set(stream, list);
    for (const [name, cells] of [['timeUs', timeUs], ...Object.entries(columns)])
      assert.equal(cells.length, count, name);
    for (let i = 0; i < count; i++) {
      const row: Row = { timeUs: Number(timeUs[i]), car };
      for (const [name, cells] of Object.entries(columns)) if (cells[i] !== null) row[name] = cellOf(cells[i]);
      list.push(row);
    }
  }
  return rows;
}

export function cellOf(value: unknown): Cell {
  const isSafe = typeof value === 'bigint' && value >= -(2n ** 53n - 1n) && value <= 2n ** 53n - 1n;
  return isSafe ? Number(value) : (value as Cell);
}

function byPlace(a: Document, b: Document): number {
  const [, ...one] = placeOf(a);
  const [, ...other] = placeOf(b);
  return one[0]! - other[0]! || one[1]! - other[1]! || one[2]! - other[2]!;
}

function placeOf({ _id }: Document): number[] {
  return String(_id).split('/').map(Number);
}
