import type { Step } from '../../processors/plan.js';

/**
 * Steps that are measured on their own, over records in memory: what one worker makes of them. Add one to a list of
 * `plan-cases.ts`, and it has its rows in the table.
 */
export interface PlanCase {
  /** What the variant is called: `join as-of`. */
  name: string;
  /** Of a processor that reads `car/{car}/imu`: 20 Hz of the f32 columns ax, ay, az, gx, gy, gz. */
  steps: Step[];
  /** Rows of a record of it; each is a variant. */
  rows: readonly number[];
  entities: number;
  /** Whether `car/{car}/temps` comes too: 1 Hz of the f64 columns oil, water, 20 ms after a row of the imu. */
  withTemps: boolean;
  /**
   * How many rows must have come out for one entity when its first `rows` rows of imu have come, and the row of temps
   * behind them has not: told from what the steps mean, apart from their code.
   */
  expected(rows: number): number;
  /** Rows a second that are hoped for with more than one row a record; null: nothing is. */
  goalRows: number | null;
}

/** A variant, as the process that runs it is told. */
export interface PlanRun {
  /** Name of a `PlanCase`. */
  name: string;
  /** Rows of a record. */
  rows: number;
  /** Rows of imu in all, about. */
  totalRows: number;
}

export interface PlanResult {
  rows: number;
  outputRows: number;
  expectedRows: number;
  /** Output rows that are there twice. */
  duplicatedRows: number;
  seconds: number;
  cpuSeconds: number;
}
