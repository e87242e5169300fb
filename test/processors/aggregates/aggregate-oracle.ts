import type { Cell, Row } from '../telemetry.js';

/**
 * Aggregates from their definitions, over rows in the order of their time, equal stamps in the order they came. Written
 * apart from the product and without its tricks: each looks at all rows at once.
 */
export type Oracle = (rows: readonly Row[]) => Cell;

export interface OracleEntry {
  text: string;
  expected: Oracle;
  /** How large the numbers are that were added up, for the tolerance: rounding is relative to these. */
  scale?: (rows: readonly Row[]) => number;
}

interface Point {
  timeUs: number;
  x: number;
}

const present = (cell: Cell | undefined): boolean =>
  cell !== null && cell !== undefined && !(typeof cell === 'number' && Number.isNaN(cell));

function numbers(rows: readonly Row[], column: string): number[] {
  return rows.filter((row) => present(row[column])).map((row) => Number(row[column]));
}

function points(rows: readonly Row[], column: string): Point[] {
  return rows.filter((row) => present(row[column])).map((row) => ({ timeUs: row.timeUs, x: Number(row[column]) }));
}

function cells(rows: readonly Row[], column: string): Cell[] {
  return rows.map((row) => row[column] ?? null).filter(present);
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const orNull = <T>(values: readonly T[], of: (values: readonly T[]) => Cell, least = 1): Cell =>
  values.length < least ? null : of(values);

function variance(values: readonly number[]): number {
  const mean = total(values) / values.length;
  return total(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => (a === b ? 0 : a < b ? -1 : 1));
  const place = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  const part = place - Math.floor(place);
  return low === high ? low : low * (1 - part) + high * part;
}

function area(line: readonly Point[]): number {
  let sum = 0;
  for (let i = 1; i < line.length; i++) {
    const seconds = (line[i]!.timeUs - line[i - 1]!.timeUs) / 1e6;
    if (seconds > 0) sum += (line[i - 1]!.x * seconds) / 2 + (line[i]!.x * seconds) / 2;
  }
  return sum;
}

function increase(line: readonly Point[]): number {
  let sum = 0;
  for (let i = 1; i < line.length; i++) {
    const [before, now] = [line[i - 1]!.x, line[i]!.x];
    if (now < before) sum += now;
    else if (now > before) sum += now - before;
  }
  return sum;
}

/** The angle between two places as vectors, times the radius. */
function metres(latA: number, lonA: number, latB: number, lonB: number): number {
  const vector = (lat: number, lon: number): [number, number, number] => {
    const [phi, lambda] = [(lat * Math.PI) / 180, (lon * Math.PI) / 180];
    return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
  };
  const [a, b] = [vector(latA, lonA), vector(latB, lonB)];
  const cross = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
  return 6371008.8 * Math.atan2(cross, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
}

function way(rows: readonly Row[]): Cell {
  const places = rows.filter((row) => present(row.lat) && present(row.lon)) as unknown as {
    lat: number;
    lon: number;
  }[];
  return orNull(places, () => {
    let sum = 0;
    for (let i = 1; i < places.length; i++) {
      sum += metres(places[i - 1]!.lat, places[i - 1]!.lon, places[i]!.lat, places[i]!.lon);
    }
    return sum;
  });
}

const least = (values: readonly Cell[]): Cell => values.reduce((best, value) => (value! < best! ? value : best));
const greatest = (values: readonly Cell[]): Cell => values.reduce((best, value) => (value! > best! ? value : best));

const sizes = (rows: readonly Row[]): number => total(numbers(rows, 'x').filter(Number.isFinite).map(Math.abs));
const squares = (rows: readonly Row[]): number =>
  Math.max(0, ...numbers(rows, 'x').filter(Number.isFinite).map(Math.abs)) ** 2;
const span = (rows: readonly Row[]): number =>
  rows.length === 0
    ? 1
    : 1 + Math.max(...rows.map((r) => r.timeUs)) / 1e6 - Math.min(...rows.map((r) => r.timeUs)) / 1e6;

/** Over the columns x, k (whole, scaled), b (bool), s (text), lat and lon. */
export const ORACLES: Record<string, OracleEntry> = {
  rows: { text: 'count()', expected: (rows) => rows.length },
  count: { text: 'count(x)', expected: (rows) => numbers(rows, 'x').length },
  sum: { text: 'sum(x)', expected: (rows) => orNull(numbers(rows, 'x'), total), scale: sizes },
  mean: { text: 'mean(x)', expected: (rows) => orNull(numbers(rows, 'x'), (x) => total(x) / x.length), scale: sizes },
  min: { text: 'min(x)', expected: (rows) => orNull(numbers(rows, 'x'), least) },
  max: { text: 'max(x)', expected: (rows) => orNull(numbers(rows, 'x'), greatest) },
  first: { text: 'first(x)', expected: (rows) => orNull(numbers(rows, 'x'), (x) => x[0]!) },
  last: { text: 'last(x)', expected: (rows) => orNull(numbers(rows, 'x'), (x) => x.at(-1)!) },
  var: { text: 'var(x)', expected: (rows) => orNull(numbers(rows, 'x'), variance, 2), scale: squares },
  std: {
    text: 'std(x)^2',
    expected: (rows) => orNull(numbers(rows, 'x'), variance, 2),
    scale: squares,
  },
  median: { text: 'median(x)', expected: (rows) => orNull(numbers(rows, 'x'), (x) => quantile(x, 0.5)), scale: sizes },
  low: {
    text: 'quantile(x, 0.05)',
    expected: (rows) => orNull(numbers(rows, 'x'), (x) => quantile(x, 0.05)),
    scale: sizes,
  },
  high: { text: 'quantile(x, 1)', expected: (rows) => orNull(numbers(rows, 'x'), greatest) },
  distinct: { text: 'distinct(x)', expected: (rows) => new Set(numbers(rows, 'x')).size },
  rate: {
    text: 'rate(x)',
    expected: (rows) => {
      const line = points(rows, 'x');
      const seconds = line.length < 2 ? 0 : (line.at(-1)!.timeUs - line[0]!.timeUs) / 1e6;
      return seconds > 0 ? (line.at(-1)!.x - line[0]!.x) / seconds : null;
    },
    scale: (rows) => sizes(rows) * 1e3,
  },
  integral: {
    text: 'integral(x)',
    expected: (rows) => orNull(points(rows, 'x'), area),
    scale: (rows) => sizes(rows) * span(rows),
  },
  weighted: {
    text: 'time_weighted_mean(x)',
    expected: (rows) =>
      orNull(points(rows, 'x'), (line) => {
        const seconds = (line.at(-1)!.timeUs - line[0]!.timeUs) / 1e6;
        return seconds > 0 ? area(line) / seconds : line.at(-1)!.x;
      }),
    scale: sizes,
  },
  increase: { text: 'increase(x)', expected: (rows) => orNull(points(rows, 'x'), increase), scale: sizes },
  distance: { text: 'distance(lat, lon)', expected: way, scale: () => 1e6 },
  range: {
    text: 'max(x) - min(x)',
    expected: (rows) => orNull(numbers(rows, 'x'), (x) => (greatest(x) as number) - (least(x) as number)),
  },
  scaled: { text: 'max(k * 2)', expected: (rows) => orNull(numbers(rows, 'k'), (k) => (greatest(k) as number) * 2) },
  share: {
    text: 'mean(b)',
    expected: (rows) => orNull(numbers(rows, 'b'), (b) => total(b) / b.length),
    scale: () => 1,
  },
  trues: { text: 'sum(b)', expected: (rows) => orNull(numbers(rows, 'b'), total) },
  any: { text: 'max(b)', expected: (rows) => orNull(cells(rows, 'b'), greatest) },
  began: { text: 'first(b)', expected: (rows) => orNull(cells(rows, 'b'), (b) => b[0]!) },
  texts: { text: 'count(s)', expected: (rows) => cells(rows, 's').length },
  kinds: { text: 'distinct(s)', expected: (rows) => new Set(cells(rows, 's')).size },
  least: { text: 'min(s)', expected: (rows) => orNull(cells(rows, 's'), least) },
  greatest: { text: 'max(s)', expected: (rows) => orNull(cells(rows, 's'), greatest) },
  earliest: { text: 'first(s)', expected: (rows) => orNull(cells(rows, 's'), (s) => s[0]!) },
  latest: {
    text: 'upper(last(s))',
    expected: (rows) => orNull(cells(rows, 's'), (s) => String(s.at(-1)).toUpperCase()),
  },
  until: { text: 'last(timeUs)', expected: (rows) => orNull(rows, () => Math.max(...rows.map((row) => row.timeUs))) },
};
