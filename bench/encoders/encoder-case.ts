/** Cells that are measured on their own: what one thread makes of them. */
export interface EncoderCase {
  /** What the variant is called: `line protocol decimals`. */
  name: string;
  format: EncoderFormat;
  data: CellData;
  /** Rows of a record. */
  rows: number;
  /** Values a second and core that the project wants. */
  goalValues: number;
}

/** `parquet` takes the columns of a whole file; with `records` it also gathers them from records. */
export type EncoderFormat = 'line protocol' | 'parquet' | 'parquet snappy' | 'parquet snappy records';

/**
 * - `decimals`: f64 as measuring devices send them, random walks with 2, 3 and 4 decimals
 * - `scaled`: i16 counts with a scale of 0.01
 * - `f32`: random walks in f32, which need 6 to 9 digits
 * - `random`: f64 that need 15 to 17 digits
 * - `integers`: i32, i16, u8 and i64
 * - `texts`: utf8 of 8 texts, and bool
 */
export type CellData = 'decimals' | 'scaled' | 'f32' | 'random' | 'integers' | 'texts';

/** What is encoded again and again. */
export interface EncoderPass {
  /** Of one pass. */
  values: number;
  /** All of it once; returns the bytes. */
  run(): number;
  /** Throws where cells were left out. */
  check(): void;
}

export interface EncoderResult {
  values: number;
  bytes: number;
  seconds: number;
  cpuSeconds: number;
}
