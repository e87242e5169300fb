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

export type Step = SelectStep | ColumnsStep | FilterStep | JoinStep | LookupStep;

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

/**
 * Which right row a left row meets: `backward` the last one at or before, `forward` the first one at or after, `nearest`
 * the closer of both; or what stands between two rows: `linear` and `angle` put numbers on the straight line, or the
 * shortest arc in degrees, between the neighbours, `step` holds the last cell of each column that is not null.
 * `interval` meets every right row of a span of time, one row out for each.
 */
export const JOIN_HOWS = ['backward', 'nearest', 'forward', 'linear', 'step', 'angle', 'interval'] as const;
export type JoinHow = (typeof JOIN_HOWS)[number];

/** How a single right column is met where the rest of the join is `linear`, `step` or `angle`. */
export const CHANNEL_HOWS = ['linear', 'step', 'angle'] as const;
export type ChannelHow = (typeof CHANNEL_HOWS)[number];

/**
 * Joins each row of the processor (left) with the row of another stream of the same entity (right).
 * A left row at `t` waits until the right stream is known as far as its match may lie (a right row after `t` has come; at
 * or after `t` for `forward`; after `t + between.toUs` for `interval`), at most until the entity's clock reaches
 * `t + waitUs`. Options that are not given are left out of the plan.
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
  /** By the names of right columns, without the prefix. */
  channels?: Record<string, ChannelHow>;
  /** `linear` and `angle` do not reach over a gap between two right rows longer than this. */
  maxGapUs?: number;
  /** With `interval`: right rows with a time in `[t + fromUs, t + toUs]`. */
  between?: { fromUs: number; toUs: number };
  /** Name of a column for the time of the right row, i64 microseconds; where there is one right row. */
  time?: string;
  /**
   * What becomes of a right row that left rows released before would have met: `count` only counts it; `correct` gives
   * those left rows again, as they would have been, while the entity's clock has not passed them by twice `waitUs`.
   */
  late?: 'count' | 'correct';
}

/** Puts the columns of a table beside each row by equal keys. */
export interface LookupStep {
  verb: 'lookup';
  on: { left: string; table: string };
  keep: 'inner' | 'left';
  /** Put before the names of the table's columns. */
  prefix: string;
  table: LookupTable;
}

/** A small table as plain data. Numbers are finite; null stands for an empty cell. */
export interface LookupTable {
  rows: number;
  columns: LookupColumn[];
}

export type LookupColumn =
  | { name: string; type: 'f64' | 'i64'; cells: (number | null)[] }
  | { name: string; type: 'bool'; cells: (boolean | null)[] }
  | { name: string; type: 'utf8'; cells: (string | null)[] };
