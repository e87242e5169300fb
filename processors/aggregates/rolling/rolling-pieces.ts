import { deserialize, serialize } from 'node:v8';
import { TEXT } from '../kind.js';
import { KeptRows } from './kept-rows.js';

/** Rows of one piece. A checkpoint writes the pieces that have new rows, and removes those whose rows are gone. */
const PIECE_ROWS = 1024;
const WINDOW = 'window';
const ROWS = 'rows-';

/** Rows by their numbers since the lane began. */
export interface WindowState {
  kinds: Uint8Array;
  latestUs: number;
  head: number;
  mid: number;
  tail: number;
}

interface RowsPiece {
  first: number;
  timeUs: Float64Array;
  numbers: Float64Array[];
  texts: ((string | null)[] | null)[];
}

/** The kept rows of a rolling step as named pieces: `window`, and `rows-N` for each 1024 rows. */
export class RollingPieces {
  /** Rows from this number on have changed since they were written. */
  private changedFrom: number;
  /** The pieces that are stored: [first, end). */
  private first: number;
  private end: number;

  constructor(stored: WindowState | null) {
    this.first = stored === null ? 0 : pieceOf(stored.head);
    this.end = stored === null ? 0 : endOf(stored);
    this.changedFrom = stored?.tail ?? 0;
  }

  changed(from: number): void {
    this.changedFrom = Math.min(this.changedFrom, from);
  }

  *take(rows: KeptRows, state: WindowState): Iterable<[name: string, value: Uint8Array | null]> {
    const first = pieceOf(state.head);
    const end = endOf(state);
    for (let piece = this.first; piece < Math.min(first, this.end); piece++) yield [ROWS + piece, null];
    for (let piece = Math.max(first, pieceOf(this.changedFrom)); piece < end; piece++) {
      const from = Math.max(piece * PIECE_ROWS, state.head) - rows.origin;
      const to = Math.min((piece + 1) * PIECE_ROWS, state.tail) - rows.origin;
      const value: RowsPiece = {
        first: from + rows.origin,
        timeUs: rows.timeUs.subarray(from, to),
        numbers: rows.numbers.map((values) => values.subarray(from, to)),
        texts: rows.texts.map((texts) => texts?.slice(from, to) ?? null),
      };
      yield [ROWS + piece, serialize(value)];
    }
    yield [WINDOW, serialize(state)];
    this.first = first;
    this.end = end;
    this.changedFrom = state.tail;
  }
}

/** The state and the rows that the pieces hold; null when there are none. */
export function readPieces(
  saved: ReadonlyMap<string, Uint8Array>,
  args: number,
): { state: WindowState; rows: KeptRows } | null {
  const bytes = saved.get(WINDOW);
  if (bytes === undefined) return null;
  const state = deserialize(bytes) as WindowState;
  const rows = new KeptRows(args);
  state.kinds.forEach((kind, arg) => {
    if (kind === TEXT) rows.startTexts(arg);
  });
  rows.reserve(state.tail - state.head);
  rows.origin = state.head;
  for (let piece = pieceOf(state.head); piece < endOf(state); piece++) {
    const part = deserialize(saved.get(ROWS + piece)!) as RowsPiece;
    const skip = Math.max(0, state.head - part.first);
    const numbers = part.numbers;
    const inputs = { rows: part.timeUs.length, timeUs: part.timeUs, kinds: state.kinds, numbers, texts: part.texts };
    rows.append({ ...inputs, flatArgs: [] }, skip, part.timeUs.length);
  }
  return { state, rows };
}

function pieceOf(row: number): number {
  return Math.floor(row / PIECE_ROWS);
}

/** The piece after the last one that has rows. */
function endOf({ head, tail }: WindowState): number {
  return head === tail ? pieceOf(head) : pieceOf(tail - 1) + 1;
}
