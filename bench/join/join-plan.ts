export interface JoinPlan {
  how: 'backward' | 'linear';
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
