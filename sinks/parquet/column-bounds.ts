import type { ParquetWriter } from 'hyparquet-writer';
import type { CellArray } from '../../columnar/batch.js';

export type Statistics = NonNullable<
  NonNullable<ParquetWriter['row_groups'][number]['columns'][number]['meta_data']>['statistics']
>;

/** Least and greatest; none for a column with NaN, which readers order in ways of their own. */
export function boundsOf(values: CellArray): Statistics {
  if (values.length === 0) return {};
  return values instanceof BigInt64Array ? boundsOfLongs(values) : boundsOfNumbers(values);
}

export function boundsOfTexts(texts: readonly string[]): Statistics {
  if (texts.length === 0) return {};
  const sorted = texts.map((text) => Buffer.from(text)).sort(Buffer.compare);
  return { min_value: sorted[0]!, max_value: sorted.at(-1)! };
}

function boundsOfNumbers(values: Exclude<CellArray, BigInt64Array>): Statistics {
  let min = values[0]!;
  let max = min;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= min && value <= max) continue;
    if (value < min) min = value;
    else if (value > max) max = value;
    else return {};
  }
  return { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
}

/** By halves, without a BigInt a cell. */
function boundsOfLongs(values: BigInt64Array): Statistics {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let least = 0;
  let greatest = 0;
  for (let w = 2; w < words.length; w += 2) {
    if (isLess(words, w, least)) least = w;
    else if (isLess(words, greatest, w)) greatest = w;
  }
  return { min_value: values[least / 2]!, max_value: values[greatest / 2]! };
}

function isLess(words: Int32Array, a: number, b: number): boolean {
  const high = words[a + 1]!;
  const other = words[b + 1]!;
  return high < other || (high === other && words[a]! >>> 0 < words[b]! >>> 0);
}
