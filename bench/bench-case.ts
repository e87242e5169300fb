/** One number of one run. */
export interface Measure {
  metric: string;
  value: number;
  unit: string;
  /** What the number is to be held against, e.g. `{ ceiling: 480 }` in the same unit. */
  limits?: Record<string, number>;
}

/** What one variant of a case measured in one run; the case's main number comes first. */
export interface VariantRun {
  /** The case's name, and the variant's behind it where there are several: `join as-of 20 rows`. */
  name: string;
  measures: Measure[];
}

export interface BenchContext {
  /** A few seconds a case: shows that it runs and loses nothing; its numbers mean little. */
  quick: boolean;
  /** An empty folder on a disk, removed after the run. */
  dir: string;
  /** Progress, a line without its end. */
  log(line: string): void;
  /** Aborted when the benchmark is to end early. */
  signal: AbortSignal;
}

export interface BenchCase {
  readonly name: string;
  /** One line for people: what it drives. */
  readonly summary: string;
  run(context: BenchContext): Promise<VariantRun[]>;
}

/** Metrics of which any value over 0 fails the benchmark. */
export const MUST_BE_ZERO: readonly string[] = ['rows lost', 'rows duplicated'];
