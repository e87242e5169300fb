import assert from 'node:assert/strict';
import { type Document, Double, Int32, Long } from 'mongodb';
import { withMongo } from '../../sinks/mongodb/mongo-rows.js';
import { type Cell, type SentStream, wholeNumber } from './sent-stream.js';
import type { Store, StoredRow, StoredStream } from './store.js';

/** What each document has beside stream, tags and columns. */
const OWN_OF_ROWS = ['_id', 'time', 'timeUs'];
const OWN_OF_BUCKETS = [...OWN_OF_ROWS, 'count', '_state'];
const TAGS = ['stream', 'car'];

export interface Collection {
  url: string;
  database: string;
  /** Of `mode: insert`: a document a row. */
  rows: string;
  /** Of `mode: bucket`: a document a stream and span of time, with arrays; null: there is none. */
  buckets: string | null;
}

/**
 * MongoDB by its driver's `find`, which keeps the types of BSON. By the sink's README f32 is a double, the smaller
 * integers are int32, and everything else is as it was. Cells are found by the path of their documents.
 */
export function inMongodb({ url, database, rows: rowsName, buckets }: Collection): Store {
  const find = <T>(name: string, filter: Document, each: (document: Document) => T) =>
    withMongo(url, async (client) => {
      const found: T[] = [];
      const cursor = client
        .db(database)
        .collection(name)
        .find(filter, { promoteValues: false, useBigInt64: false, batchSize: 5_000 });
      for await (const document of cursor) found.push(each(document));
      return found;
    });
  return {
    name: 'MongoDB',
    types: {
      f64: 'double',
      f32: 'double',
      i64: 'int64',
      i32: 'int32',
      i16: 'int32',
      u8: 'int32',
      bool: 'bool',
      utf8: 'string',
      tag: 'string',
    },
    expected: (cell) => cell,
    found: (cell) => cell,
    tagValue: ({ value }) => value,
    hasEmptyRows: true,

    async read({ name }: SentStream): Promise<StoredStream> {
      const types = new Map<string, Set<string>>();
      const rows = await find(rowsName, { stream: name }, (document) => rowOf(document, types));
      if (buckets !== null)
        for (const some of await find(buckets, { stream: name }, (document) => rowsOf(document, types)))
          rows.push(...some);
      return { rows, types };
    },

    streams: () =>
      withMongo(url, async (client) => {
        const names = buckets === null ? [rowsName] : [rowsName, buckets];
        const all = names.map((name) => client.db(database).collection(name).distinct('stream'));
        return new Set((await Promise.all(all)).flat());
      }),
  };
}

type Types = Map<string, Set<string>>;

/** The one row of a document of `mode: insert`. */
function rowOf(document: Document, types: Types): StoredRow {
  const timeUs = Number(longOf(document.timeUs));
  assert.equal(document.time.getTime(), Math.floor(timeUs / 1000), 'the date is the time, to the millisecond');
  const cells = leaves(document, OWN_OF_ROWS).map(([path, value]): [string, Cell] => [
    path,
    cellOf(path, value, types),
  ]);
  return { timeUs, cells: new Map(cells) };
}

/** The rows of a document of `mode: bucket`. */
function rowsOf(document: Document, types: Types): StoredRow[] {
  const columns = leaves(document, OWN_OF_BUCKETS);
  const times = document.timeUs as unknown[];
  for (const [path, cells] of columns)
    if (!TAGS.includes(path)) assert.equal((cells as unknown[]).length, times.length, `length of the array ${path}`);
  return times.map((time, i) => {
    const at = (path: string, value: unknown) => (TAGS.includes(path) ? value : (value as unknown[])[i]);
    const cells = columns.map(([path, value]): [string, Cell] => [path, cellOf(path, at(path, value), types)]);
    return { timeUs: Number(longOf(time)), cells: new Map(cells) };
  });
}

/** What a document holds beside `own`, by path, as a query names it. */
function leaves(document: Document, own: readonly string[] = [], before = ''): [path: string, value: unknown][] {
  return Object.entries(document).flatMap(([name, value]): [string, unknown][] => {
    if (own.includes(name)) return [];
    const path = before + name;
    const isDocument = Object.prototype.toString.call(value) === '[object Object]' && value._bsontype === undefined;
    return isDocument ? leaves(value, [], `${path}.`) : [[path, value]];
  });
}

function cellOf(path: string, value: unknown, types: Types): Cell {
  if (value === null) return null;
  const [type, cell] = typed(value);
  const known = types.get(path);
  if (known === undefined) types.set(path, new Set([type]));
  else known.add(type);
  return cell;
}

function typed(value: unknown): [type: string, cell: Cell] {
  if (value instanceof Double) return ['double', value.value];
  if (value instanceof Int32) return ['int32', value.value];
  if (value instanceof Long) return ['int64', wholeNumber(value.toBigInt())];
  if (typeof value === 'boolean') return ['bool', value];
  if (typeof value === 'string') return ['string', value];
  throw new Error(`a value of another type of BSON: ${Object.prototype.toString.call(value)}`);
}

function longOf(value: unknown): bigint {
  assert.ok(value instanceof Long, 'timeUs is an int64');
  return value.toBigInt();
}
