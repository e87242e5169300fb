export interface StepsPlan {
  step: 'backward' | 'linear' | 'tumbling' | 'rolling';
  entities: number;
  /** Rows of a record (of the left side, for joins). */
  rows: number;
  /** Rows in all, about. */
  totalRows: number;
  /** Length of a window; 1 s and 10 s by default. */
  windowUs?: number;
}

export interface StepsResult {
  rows: number;
  outputRows: number;
  /** What the step gives of the same rows by its definition. */
  expectedRows: number;
  /** Output rows that are there twice. */
  duplicatedRows: number;
  seconds: number;
  cpuSeconds: number;
}
