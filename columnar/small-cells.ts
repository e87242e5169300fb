/** Cells of one slab, and the most of it that one array may take. */
const SLAB_CELLS = 512;
const SMALL_CELLS = 64;

let slab = new Float64Array(0);
let used = 0;

/**
 * Room for so many numbers, all zero. Few rows get a part of a small slab that is cut up and never used again, since Node
 * takes about a microsecond or two for the memory of a new typed array beyond 64 bytes, and a tenth of that for a view.
 * A part that is kept holds 4 KiB at most.
 */
export function newFloat64Cells(rows: number): Float64Array {
  if (rows > SMALL_CELLS) return new Float64Array(rows);
  if (used + rows > slab.length) {
    slab = new Float64Array(SLAB_CELLS);
    used = 0;
  }
  used += rows;
  return slab.subarray(used - rows, used);
}
