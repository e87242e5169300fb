import type { ColumnType } from '../../../columnar/schema.js';
import type { Cell, SentRow, SentStream } from './sent-stream.js';
import type { Store, StoredRow, StoredStream } from './store.js';

/** How much was compared: each column of each row, whether it has a cell or null, and the time of each row. */
export interface Compared {
  rows: number;
  cells: number;
}

/** A column, or a tag, in one store. */
interface Place {
  name: string;
  type: ColumnType | 'tag';
  /** Of a column: its place in the rows that were sent. */
  column: number;
  /** Of a tag. */
  value: string;
}

/**
 * Holds all that a store has of a stream to what was sent: rows by their times, rows of equal times as a set, since
 * stores do not keep an order among them. Throws at the first difference, with its place.
 */
export function compareCells(store: Store, sent: SentStream, stored: StoredStream): Compared {
  const places = placesOf(store, sent);
  const where = `${store.name}, ${sent.name}`;
  const wanted = sent.rows
    .map((row) => expectedRow(store, places, row))
    .filter(({ isEmpty }) => store.hasEmptyRows || !isEmpty)
    .sort(byTime);
  const names = new Map(places.map(({ name }, i) => [name, i]));
  const found = stored.rows.map((row) => foundRow(store, places, names, row, where)).sort(byTime);
  compareTypes(store, places, stored, where);
  if (found.length !== wanted.length) throw new Error(`${where}: ${found.length} rows of ${wanted.length}`);
  for (let from = 0; from < wanted.length; ) {
    let to = from + 1;
    while (to < wanted.length && wanted[to]!.timeUs === wanted[from]!.timeUs) to++;
    const [a, b] = [wanted.slice(from, to), found.slice(from, to)];
    if (to - from > 1) for (const rows of [a, b]) rows.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
    for (let i = 0; i < a.length; i++) compareRow(a[i]!, b[i]!, places, sent.isPrivate, `${where}, row ${from + i}`);
    from = to;
  }
  return { rows: wanted.length, cells: wanted.length * (places.length + 1) };
}

/** A row of either side: one cell a place. */
interface PlainRow {
  timeUs: number;
  cells: Cell[];
  isEmpty: boolean;
}

const byTime = (a: PlainRow, b: PlainRow): number => a.timeUs - b.timeUs;

function placesOf(store: Store, sent: SentStream): Place[] {
  const tags = sent.tags.flatMap((tag): Place[] => {
    const name = tag.called?.[store.name] === undefined ? tag.name : tag.called[store.name]!;
    return name === null ? [] : [{ name, type: 'tag', column: -1, value: store.tagValue(tag) }];
  });
  const columns = sent.columns.map(
    ({ name, type, called }, column): Place => ({ name: called?.[store.name] ?? name, type, column, value: '' }),
  );
  return [...tags, ...columns];
}

function expectedRow(store: Store, places: readonly Place[], { timeUs, cells }: SentRow): PlainRow {
  let isEmpty = true;
  const plain = places.map(({ type, column, value }) => {
    if (type === 'tag') return value;
    const cell = store.expected(cells[column]!, type);
    if (cell !== null) isEmpty = false;
    return cell;
  });
  return { timeUs, cells: plain, isEmpty };
}

function foundRow(
  store: Store,
  places: readonly Place[],
  names: ReadonlyMap<string, number>,
  { timeUs, cells }: StoredRow,
  where: string,
): PlainRow {
  const plain = new Array<Cell>(places.length).fill(null);
  for (const [name, cell] of cells) {
    const place = names.get(name);
    if (cell === null) continue;
    if (place === undefined) throw new Error(`${where}: a column ${JSON.stringify(name)} that was not sent`);
    const { type } = places[place]!;
    plain[place] = type === 'tag' ? cell : store.found(cell, type);
  }
  return { timeUs, cells: plain, isEmpty: false };
}

function compareTypes(store: Store, places: readonly Place[], { types }: StoredStream, where: string): void {
  for (const { name, type } of places) {
    const found = [...(types.get(name) ?? [])].join(' and ');
    if (found !== '' && found !== store.types[type])
      throw new Error(`${where}, column ${JSON.stringify(name)}: stored as ${found}, not ${store.types[type]}`);
  }
}

function compareRow(wanted: PlainRow, found: PlainRow, places: readonly Place[], isPrivate: boolean, where: string) {
  if (found.timeUs !== wanted.timeUs) throw new Error(`${where}: the time ${found.timeUs}, not ${wanted.timeUs}`);
  for (let i = 0; i < places.length; i++) {
    if (Object.is(found.cells[i], wanted.cells[i])) continue;
    const show = (cell: Cell) => (isPrivate ? 'another cell (not shown)' : textOf(cell).slice(0, 200));
    const column = JSON.stringify(places[i]!.name);
    throw new Error(`${where}, column ${column}: ${show(found.cells[i]!)}, not ${show(wanted.cells[i]!)}`);
  }
}

function keyOf({ cells }: PlainRow): string {
  return cells.map(textOf).join();
}

function textOf(cell: Cell): string {
  if (typeof cell === 'bigint') return `${cell}n`;
  return Object.is(cell, -0) ? '-0' : typeof cell === 'string' ? JSON.stringify(cell) : String(cell);
}
