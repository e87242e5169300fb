/** Cells that are measured on their own: what one thread makes of them. */
export interface EncoderCase {
  /** What the variant is called: `line protocol decimals`. */
  name: string;
  data: CellData;
  /** Rows of a record. */
  rows: number;
}

/**
 * - `decimals`: f64 as measuring devices send them, random walks with 2, 3 and 4 decimals
 * - `scaled`: i16 counts with a scale of 0.01
 * - `f32`: random walks in f32, which need 6 to 9 digits
 * - `random`: f64 that need 15 to 17 digits
 * - `integers`: i32, i16, u8 and i64
 * - `texts`: utf8 of 8 texts, and bool
 */
export type CellData = 'decimals' | 'scaled' | 'f32' | 'random' | 'integers' | 'texts';

export interface EncoderResult {
  values: number;
  bytes: number;
  seconds: number;
  cpuSeconds: number;
}
