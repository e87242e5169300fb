/** Rows in groups: those of code `c` are `order[starts[c] … starts[c + 1])`, ascending. */
export interface PartitionedRows {
  order: Int32Array;
  starts: Int32Array;
}

/** Puts the rows of each code together (a counting sort); codes are 0 … `count - 1`. */
export function partitionRows(codes: Int32Array, rows: number, count: number): PartitionedRows {
  const starts = new Int32Array(count + 1);
  for (let i = 0; i < rows; i++) starts[codes[i]! + 1]!++;
  for (let c = 0; c < count; c++) starts[c + 1]! += starts[c]!;
  const next = starts.slice(0, count);
  const order = new Int32Array(rows);
  for (let i = 0; i < rows; i++) order[next[codes[i]!]!++] = i;
  return { order, starts };
}
