/**
 * What a processor does, as plain data: the YAML steps, the TypeScript API and a worker's task all carry this form.
 * Durations are whole microseconds. Expressions stay text until `compile`.
 */
export interface ProcessorPlan {
  /** Its output streams are `NAME/ENTITY-KEY` in the topic `NAME`. */
  name: string;
  /** Stream patterns of devices, and names of other processors. */
  from: Input[];
  steps: Step[];
}

export type Input = { pattern: string } | { processor: string };

export type Step = SelectStep | ColumnsStep | FilterStep | JoinStep | MapStep;

/** Keeps the named columns in this order, or drops them. */
export interface SelectStep {
  verb: 'select';
  keep?: string[];
  drop?: string[];
}

/** Adds or replaces columns; all expressions see the row as it was before the step. */
export interface ColumnsStep {
  verb: 'columns';
  columns: Record<string, string>;
}

/** Keeps the rows whose expression is true; null counts as not true. */
export interface FilterStep {
  verb: 'filter';
  where: string;
}

export type JoinHow = 'backward' | 'nearest' | 'linear';

/**
 * Joins each row of the processor (left) with the row of another stream of the same entity (right).
 * A left row at `t` waits until the right stream is known past `t` (a right row after `t` has come), at most until the
 * entity's clock reaches `t + waitUs`.
 */
export interface JoinStep {
  verb: 'join';
  with: Input;
  how: JoinHow;
  /** A match further away than this is none; null = any distance. `linear` holds both neighbours to it. */
  toleranceUs: number | null;
  waitUs: number;
  keep: 'inner' | 'left';
  /** Put before the names of the right columns; needed where one exists on the left. */
  prefix: string;
}

/** Gives the rows to a function of a user's module. */
export interface MapStep {
  verb: 'map';
  /** Absolute path. */
  module: string;
  /** Null: the module's default export is the function; else which function of the dataframe that the module builds. */
  index: number | null;
}
