import type { CellArray } from '../../columnar/batch.js';

/** Different cells of a column, in the order they first come, and for each cell which it is. */
export interface CellDictionary {
  cells: CellArray;
  indices: Uint16Array;
}

const SLOTS = 1 << 16;
/** Half of the slots: beyond, searches in them become long. */
const CELLS_MAX = SLOTS / 2;
const ROWS_MIN = 64;
const SAMPLE_CELLS = 2_048;

/** Scratch, for one column at a time. */
const slots = new Uint16Array(SLOTS);
const words = new Int32Array(CELLS_MAX * 2);

/**
 * The dictionary of a column of numbers, equal by their bits (-0 is not 0, and each NaN its own); null where it would not
 * halve the column's bytes, of which each cell has `storedBytes`. It gives up as soon as it has seen too many different cells.
 */
export function cellDictionary(values: CellArray, storedBytes: number): CellDictionary | null {
  if (values.length < ROWS_MIN) return null;
  const limit = mostCells(values.length, storedBytes);
  if (values.BYTES_PER_ELEMENT < 4) return ofShorts(values as Int16Array | Uint8Array, limit);
  if (isHopeless(values, limit)) return null;
  return values.BYTES_PER_ELEMENT === 4 ? ofWords(values, limit) : ofPairs(values, limit);
}

/** Bits that tell `count` different cells apart. */
export function bitsFor(count: number): number {
  return Math.max(1, 32 - Math.clz32(count - 1));
}

/** How many different cells still halve the bytes of a column. */
function mostCells(rows: number, cellBytes: number): number {
  for (let cells = CELLS_MAX; cells > 1; cells /= 2) {
    if (bitsFor(cells) / 8 + (cells * cellBytes) / rows <= cellBytes / 2) return cells;
  }
  return 1;
}

/**
 * Whether a sample repeats so rarely that there are far more than `limit` different cells: of `n` cells out of `d` equally
 * frequent ones, about `n * n / 2d` pairs are equal.
 */
function isHopeless(values: CellArray, limit: number): boolean {
  if (values.length < SAMPLE_CELLS * 2) return false;
  const step = Math.floor(values.length / SAMPLE_CELLS);
  const sample = new Set<number | bigint>();
  for (let i = 0, at = 0; i < SAMPLE_CELLS; i++, at += step) sample.add(values[at]!);
  return SAMPLE_CELLS - sample.size < SAMPLE_CELLS ** 2 / (3 * limit);
}

// One loop for each width of cells, as in the other kernels of the hot path.

function ofShorts(values: Int16Array | Uint8Array, limit: number): CellDictionary | null {
  const indices = new Uint16Array(values.length);
  slots.fill(0);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const slot = values[i]! & 0xffff;
    let place = slots[slot]!;
    if (place === 0) {
      if (count === limit) return null;
      words[count] = values[i]!;
      place = slots[slot] = ++count;
    }
    indices[i] = place - 1;
  }
  return { cells: words.slice(0, count), indices };
}

function ofWords(values: CellArray, limit: number): CellDictionary | null {
  const from = new Int32Array(values.buffer, values.byteOffset, values.length);
  const indices = new Uint16Array(from.length);
  slots.fill(0);
  let count = 0;
  let last = 0;
  let place = 0;
  for (let i = 0; i < from.length; i++) {
    const word = from[i]!;
    if (word !== last || place === 0) {
      let slot = Math.imul(word, 0x9e3779b1) >>> 16;
      while ((place = slots[slot]!) !== 0 && words[place - 1] !== word) slot = (slot + 1) & (SLOTS - 1);
      if (place === 0) {
        if (count === limit) return null;
        words[count] = word;
        place = slots[slot] = ++count;
      }
      last = word;
    }
    indices[i] = place - 1;
  }
  const cells = words.slice(0, count);
  return { cells: values instanceof Float32Array ? new Float32Array(cells.buffer) : cells, indices };
}

function ofPairs(values: CellArray, limit: number): CellDictionary | null {
  const from = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const indices = new Uint16Array(values.length);
  slots.fill(0);
  let count = 0;
  let lastLow = 0;
  let lastHigh = 0;
  let place = 0;
  for (let i = 0, w = 0; i < indices.length; i++, w += 2) {
    const low = from[w]!;
    const high = from[w + 1]!;
    if (low !== lastLow || high !== lastHigh || place === 0) {
      let slot = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 16;
      while ((place = slots[slot]!) !== 0 && (words[place * 2 - 2] !== low || words[place * 2 - 1] !== high))
        slot = (slot + 1) & (SLOTS - 1);
      if (place === 0) {
        if (count === limit) return null;
        words[count * 2] = low;
        words[count * 2 + 1] = high;
        place = slots[slot] = ++count;
      }
      lastLow = low;
      lastHigh = high;
    }
    indices[i] = place - 1;
  }
  const { buffer } = words.slice(0, count * 2);
  return { cells: values instanceof Float64Array ? new Float64Array(buffer) : new BigInt64Array(buffer), indices };
}
