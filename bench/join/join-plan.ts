import type { JoinHow } from '../../processors/plan.js';

export interface JoinPlan {
  /** Ways that match each row between two right rows, whose count the case knows. */
  how: Exclude<JoinHow, 'nearest' | 'interval'>;
  /** Late right rows, of which the case has none, would be corrected: what being ready for it costs. */
  late?: 'correct';
  entities: number;
  /** Rows of a left record. */
  rows: number;
  /** Left rows in all, about. */
  leftRows: number;
}

export interface JoinResult {
  leftRows: number;
  outputRows: number;
  /** What an inner join of the same rows gives by the definition. */
  expectedRows: number;
  /** Output rows that are there twice. */
  duplicatedRows: number;
  seconds: number;
  cpuSeconds: number;
}
