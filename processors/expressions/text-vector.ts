import { bitmapBytes, type Column } from '../../columnar/batch.js';

/** A text a row, as an index into a dictionary; functions work on the dictionary, not on the rows. */
export interface TextVector {
  readonly index: Int32Array;
  readonly nulls: Uint8Array | null;
  readonly dictionary: readonly string[];
  /** One text for all rows. */
  readonly constant: boolean;
}

export function constantText(text: string, rows: number): TextVector {
  return { index: new Int32Array(rows), nulls: null, dictionary: [text], constant: true };
}

export function nullText(rows: number): TextVector {
  const nulls = new Uint8Array(bitmapBytes(rows)).fill(255);
  return { index: new Int32Array(rows), nulls, dictionary: [''], constant: true };
}

/** The texts of one or two vectors by the combinations that occur: `combination[row]` counts into `texts`. */
interface Combinations {
  combination: Int32Array;
  texts: readonly (readonly string[])[];
  nulls: Uint8Array | null;
}

function combine(vectors: readonly TextVector[], rows: number): Combinations {
  const [a, b] = vectors as [TextVector, TextVector | undefined];
  const nulls = b ? orNulls(a.nulls, b.nulls, rows) : a.nulls;
  if (!b) return { combination: a.index, texts: a.dictionary.map((text) => [text]), nulls };
  if (b.constant) return { combination: a.index, texts: a.dictionary.map((text) => [text, b.dictionary[0]!]), nulls };
  if (a.constant) return { combination: b.index, texts: b.dictionary.map((text) => [a.dictionary[0]!, text]), nulls };
  const combination = new Int32Array(rows);
  const texts: string[][] = [];
  const seen = new Map<number, number>();
  for (let i = 0; i < rows; i++) {
    const key = a.index[i]! * b.dictionary.length + b.index[i]!;
    let at = seen.get(key);
    if (at === undefined) {
      // An index under a null may point at an empty dictionary.
      at = texts.push([a.dictionary[a.index[i]!] ?? '', b.dictionary[b.index[i]!] ?? '']) - 1;
      seen.set(key, at);
    }
    combination[i] = at;
  }
  return { combination, texts, nulls };
}

/** `of` for every row, computed once a combination of texts. */
export function numbersOfTexts(
  vectors: readonly TextVector[],
  rows: number,
  of: (...texts: string[]) => number | boolean,
): Column {
  const { combination, texts, nulls } = combine(vectors, rows);
  const table = new Float64Array(Math.max(1, texts.length));
  for (let i = 0; i < texts.length; i++) table[i] = Number(of(...texts[i]!));
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) values[i] = table[combination[i]!]!;
  return { values, nulls, dictionary: null };
}

export function textsOfTexts(
  vectors: readonly TextVector[],
  rows: number,
  of: (...texts: string[]) => string,
): TextVector {
  const { combination, texts, nulls } = combine(vectors, rows);
  const constant = vectors.every((vector) => vector.constant);
  return { index: combination, nulls, dictionary: texts.map((row) => of(...row)), constant };
}

/** Each row's text from `a` where `first` says so (one byte a row), else from `b`. */
export function chooseTexts(first: Uint8Array, a: TextVector, b: TextVector, rows: number): TextVector {
  const index = new Int32Array(rows);
  const nulls = new Uint8Array(bitmapBytes(rows));
  const offset = a.dictionary.length;
  for (let i = 0; i < rows; i++) {
    const from = first[i] !== 0 ? a : b;
    index[i] = from.index[i]! + (from === a ? 0 : offset);
    if (bit(from.nulls, i)) {
      nulls[i >> 3]! |= 1 << (i & 7);
      index[i] = 0;
    }
  }
  return { index, nulls, dictionary: [...a.dictionary, ...b.dictionary], constant: false };
}

/** One byte a row: 1 where the bool column is true and not null. */
export function trueBytes(condition: Column, rows: number): Uint8Array {
  const out = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) out[i] = condition.values[i] !== 0 && !bit(condition.nulls, i) ? 1 : 0;
  return out;
}

/** One byte a row: 1 where the vector is not null. */
export function presentBytes(vector: TextVector, rows: number): Uint8Array {
  const out = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) out[i] = bit(vector.nulls, i) ? 0 : 1;
  return out;
}

function bit(nulls: Uint8Array | null, row: number): boolean {
  return nulls !== null && (nulls[row >> 3]! & (1 << (row & 7))) !== 0;
}

function orNulls(a: Uint8Array | null, b: Uint8Array | null, rows: number): Uint8Array | null {
  if (a === null || b === null) return a ?? b;
  const out = new Uint8Array(bitmapBytes(rows));
  for (let i = 0; i < out.length; i++) out[i] = a[i]! | b[i]!;
  return out;
}
