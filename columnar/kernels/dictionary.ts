import { type Column, isNull } from '../batch.js';

/** The texts of several columns as one dictionary: `move` gives the new index of each text of a dictionary. */
export class DictionaryMerger {
  readonly texts: string[] = [];
  private readonly seen = new Map<string, number>();
  private last: readonly string[] | null = null;
  private lastMoved: Int32Array = new Int32Array(0);

  move(dictionary: readonly string[]): Int32Array {
    if (dictionary === this.last && this.lastMoved.length === dictionary.length) return this.lastMoved;
    const moved = new Int32Array(Math.max(1, dictionary.length));
    for (let i = 0; i < dictionary.length; i++) {
      const text = dictionary[i]!;
      let index = this.seen.get(text);
      if (index === undefined) {
        index = this.texts.push(text) - 1;
        this.seen.set(text, index);
      }
      moved[i] = index;
    }
    this.last = dictionary;
    this.lastMoved = moved;
    return moved;
  }
}

/** The column with a dictionary of only the texts its first `rows` cells use; a null cell uses none. */
export function compactDictionary(column: Column, rows: number): Column {
  const from = column.values as Int32Array;
  const dictionary = column.dictionary!;
  const moved = new Int32Array(Math.max(1, dictionary.length)).fill(-1);
  const texts: string[] = [];
  const values = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    if (isNull(column.nulls, i)) continue;
    const old = from[i]!;
    let index = moved[old]!;
    if (index < 0) {
      index = old < dictionary.length ? texts.push(dictionary[old]!) - 1 : 0;
      moved[old] = index;
    }
    values[i] = index;
  }
  return { values, nulls: column.nulls, dictionary: texts };
}
