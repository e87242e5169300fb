import { type ColumnType, type Field, field } from '../../../columnar/schema.js';
import type { Called, Cell } from './sent-stream.js';

/** One column of cells that are likely to go wrong: what is sent raw, and what it is called where. */
export interface NastyColumn {
  field: Field;
  called?: Called;
  /** A raw cell; `random` gives numbers in [0, 1). */
  raw: (random: () => number) => Cell;
  /** The share of nulls, in place of the usual one. */
  nulls?: number;
  /** In place of type and cells, what it is in the first and in the second half of the rows; null: it is not there. */
  halves?: readonly [Half | null, Half | null];
}

export interface Half {
  type: ColumnType;
  raw: NastyColumn['raw'];
}

const MAX = Number.MAX_VALUE;
const PLAIN_FLOATS = [0, -0, 0.1, -1.5, 1 / 3, 4.35, 123456.789, 1e-7, 1e15, 1e16, 1e20, 1e21, 1e22, 123456789e-15];
const EXTREME_FLOATS = [5e-324, -5e-324, MAX, -MAX, 2 ** -1022, 2 ** -1022 - 2 ** -1074, 2 ** 53, 2 ** 53 + 2, 2 ** 63];
const NO_NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const SINGLES = [2 ** -149, -(2 ** -149), 3.4028234663852886e38, 2 ** -126, 16777216, -16777218, 0.1, 1e10, -0, 0];
const LONGS = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 53n - 1n, 0n, -1n];
const LETTERS = [...'ab ,=\\"\'\n\r\t#_.$/{}[]:;<>&%0üß車🏎é\u0301\u200f\u2028\ufeff\uffff\0\u0001\u007f'];
const TEXTS = [
  ...[
    '',
    ' ',
    '  a  ',
    'null',
    'NaN',
    'true',
    '1',
    '-0',
    '"',
    '\\',
    'a\\',
    '\\"',
    '\\\\',
    "it's",
    '\\n',
    '#no, comment',
  ],
  ...[
    'say "hi", twice',
    'line\nbreak\r\n',
    'tab\there',
    'a=b,c d',
    'läuft 🏁',
    '👩‍👩‍👧‍👦',
    'سلام',
    '\0',
    '\ud7ff\ue000',
    '$HOME',
  ],
];
/** As long as a text of InfluxDB may be, in bytes. */
const LONG_TEXTS = ['x'.repeat(65_536), '"'.repeat(2_000), '\\'.repeat(2_001), '🏁'.repeat(4_000)];

type Random = () => number;

function oneOf<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}

function anyDouble(random: Random): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random() * 2 ** 32);
  view.setUint32(4, random() * 2 ** 32);
  return view.getFloat64(0);
}

function anySingle(random: Random): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, random() * 2 ** 32);
  return view.getFloat32(0);
}

function anyLong(random: Random): bigint {
  return BigInt.asIntN(64, (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32)));
}

const finiteDouble = (random: Random): number => {
  const cell = random() < 0.4 ? oneOf([...PLAIN_FLOATS, ...EXTREME_FLOATS], random) : anyDouble(random);
  return Number.isFinite(cell) ? cell : 0.5;
};
const double = (random: Random): number => (random() < 0.1 ? oneOf(NO_NUMBERS, random) : finiteDouble(random));
const single = (random: Random): number => {
  if (random() < 0.1) return oneOf(NO_NUMBERS, random);
  return random() < 0.4 ? Math.fround(oneOf(SINGLES, random)) : anySingle(random);
};
const long = (random: Random): bigint => (random() < 0.4 ? oneOf(LONGS, random) : anyLong(random));
const safeLong = (random: Random): number =>
  random() < 0.3 ? oneOf([2 ** 53 - 1, 1 - 2 ** 53, 0], random) : Math.floor((random() - 0.5) * 2 ** 53);
const within = (least: number, most: number) => (random: Random) =>
  random() < 0.3 ? oneOf([least, most, 0], random) : least + Math.floor(random() * (most - least + 1));
const int = within(-(2 ** 31), 2 ** 31 - 1);
const short = within(-(2 ** 15), 2 ** 15 - 1);
const byte = within(0, 255);
const truth = (random: Random): boolean => random() < 0.5;
const text = (random: Random): string => {
  const kind = random();
  if (kind < 0.5) return oneOf(TEXTS, random);
  if (kind < 0.505) return oneOf(LONG_TEXTS, random);
  return Array.from({ length: Math.floor(random() * 12) }, () => oneOf(LETTERS, random)).join('');
};

/** Names as they are in every store, with a cell of every type. */
const EVERY_TYPE: NastyColumn[] = [
  { field: field('f64', 'f64'), raw: double },
  { field: field('f32', 'f32'), raw: single },
  { field: field('i64', 'i64'), raw: long },
  { field: field('i32', 'i32'), raw: int },
  { field: field('i16', 'i16'), raw: short },
  { field: field('u8', 'u8'), raw: byte },
  { field: field('bool', 'bool'), raw: truth },
  { field: field('utf8', 'utf8'), raw: text },
  { field: field('scaled i16', 'i16', 0.01, -40), raw: short },
  { field: field('scaled i64', 'i64', 0.5, 0.25), raw: (random) => BigInt(safeLong(random)) },
  { field: field('scaled u8', 'u8', -1, 0), raw: byte },
  { field: field('only nulls', 'utf8'), raw: text, nulls: 1 },
  { field: field('sparse', 'utf8'), raw: text, nulls: 0.97 },
];

/** Names that mean something to a store, or that it has to spell in another way, each with what it is called there. */
const NAMES: NastyColumn[] = [
  { field: field('gps.lat', 'f64'), raw: double },
  { field: field('gps.fix.age', 'i32'), raw: int },
  { field: field('temp', 'f32'), raw: single },
  { field: field('temp.oil', 'u8'), called: { MongoDB: 'temp_.oil' }, raw: byte },
  { field: field('$set', 'i64'), called: { MongoDB: '_$set' }, raw: long },
  { field: field('a.$b', 'bool'), called: { MongoDB: 'a._$b' }, raw: truth },
  { field: field('a..c', 'i16'), called: { MongoDB: 'a._.c' }, raw: short },
  { field: field('_id', 'utf8'), called: { MongoDB: '_id_' }, raw: text },
  { field: field('time', 'f64'), called: { InfluxDB: 'time_', S3: 'time_', MongoDB: 'time_' }, raw: double },
  { field: field('timeUs', 'i64'), called: { MongoDB: 'timeUs_' }, raw: long },
  { field: field('stream', 'i32'), called: { InfluxDB: 'stream_', S3: 'stream_', MongoDB: 'stream_' }, raw: int },
  { field: field('car', 'i16'), called: { InfluxDB: 'car_' }, raw: short },
  { field: field('_measurement', 'utf8'), called: { InfluxDB: '_measurement_' }, raw: text },
  { field: field('_field', 'bool'), called: { InfluxDB: '_field_' }, raw: truth },
  { field: field('__proto__', 'f64'), raw: double },
  { field: field('constructor', 'utf8'), raw: text },
  { field: field(' ', 'i32'), raw: int },
  { field: field('null', 'u8'), raw: byte },
  { field: field('#', 'i32'), raw: int },
  { field: field('1', 'f32'), raw: single },
  { field: field('🏁 ü,=車', 'f64'), raw: double },
  { field: field('odd "name"', 'utf8'), raw: text },
  { field: field("it's", 'bool'), raw: truth },
  { field: field('back\\slash', 'i64'), raw: long },
  { field: field('ends\\', 'i32'), called: { InfluxDB: 'ends\\_' }, raw: int },
  { field: field('a\\,b\\ c\\=d\\"', 'f64'), called: { InfluxDB: 'a\\_,b\\_ c\\_=d\\_"' }, raw: double },
  { field: field('line\nbreak\ttab', 'utf8'), called: { InfluxDB: 'line\\nbreak\\ttab' }, raw: text },
  // DuckDB's client ends a name at a NUL.
  { field: field('nul\0', 'i16'), called: { InfluxDB: 'nul\\u0000', S3: 'nul', MongoDB: 'nul␀' }, raw: short },
  { field: field(`${'long'.repeat(64)}`, 'f64'), raw: double },
];

export const PACKED_COLUMNS: readonly NastyColumn[] = [...EVERY_TYPE, ...NAMES];

const coarse = (random: Random): number => Math.round((random() - 0.5) * 1e4) / 8;

/**
 * Columns that widen, come and go. Cells of the narrow float have few digits, so that one rule holds for all of the
 * column in InfluxDB, which writes a 32-bit number with the digits that it needs.
 */
export const CHANGING_COLUMNS: readonly NastyColumn[] = [
  { field: field('steady', 'i64'), raw: long },
  changing('widens', { type: 'u8', raw: byte }, { type: 'i32', raw: int }),
  changing('doubles', { type: 'f32', raw: coarse }, { type: 'f64', raw: double }),
  changing('comes', null, { type: 'i64', raw: long }),
  changing('comes as text', null, { type: 'utf8', raw: text }),
  changing('goes', { type: 'bool', raw: truth }, null),
  changing('gps.goes', { type: 'f64', raw: double }, null),
];

function changing(name: string, first: Half | null, second: Half | null): NastyColumn {
  const { type, raw } = (second ?? first)!;
  return { field: field(name, type), raw, halves: [first, second] };
}

/** What JSON can say: no NaN, no infinities, whole numbers within 2^53. */
export const JSON_COLUMNS: readonly NastyColumn[] = [
  { field: field('number', 'f64'), raw: finiteDouble },
  { field: field('whole', 'i64'), raw: safeLong },
  { field: field('truth', 'bool'), raw: truth },
  { field: field('text', 'utf8'), raw: text },
  { field: field('sparse', 'f64'), raw: finiteDouble, nulls: 0.95 },
  { field: field('gps.lat', 'f64'), raw: finiteDouble },
  { field: field('läuft "so", 🏁=\\', 'utf8'), called: { InfluxDB: 'läuft "so", 🏁=\\_' }, raw: text },
  { field: field('time', 'f64'), called: { InfluxDB: 'time_', S3: 'time_', MongoDB: 'time_' }, raw: finiteDouble },
  { field: field('never null', 'i64'), raw: safeLong, nulls: 0 },
];
