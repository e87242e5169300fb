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
  /** Of a part that a group step ends (see `splitGroups`): its rows go to the partition of the values of these columns. */
  groupBy?: readonly string[];
  /** Of a part behind a group step: the topic it reads, and the columns whose values are the key there. */
  grouped?: { topic: string; by: readonly string[] };
  /** Of a part behind a group step: where in the processor its first step stands. */
  firstStep?: number;
  /** Of an output of late rows, which reads nothing itself: the plan whose joins give them (see `withLateOutputs`). */
  lateOf?: string;
}

export type Input = { pattern: string } | { processor: string };

export type Step =
  | SelectStep
  | ColumnsStep
  | FilterStep
  | JoinStep
  | LookupStep
  | WindowStep
  | RollingStep
  | ResampleStep
  | FillStep
  | SortStep
  | GroupStep
  | MapStep;

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
   * those left rows again, as they would have been, while the entity's clock has not passed them by twice `waitUs`;
   * `stream` puts it into the second output of the processor.
   */
  late?: 'count' | 'correct' | 'stream';
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

/** Brings the rows of equal values together, from all entities and partitions: what follows runs for each key. */
export interface GroupStep {
  verb: 'group';
  /** Columns, or tags. */
  by: string[];
}

/** What a window spans; each stream of rows has its own. */
export type WindowKind =
  /** `[k * size, (k + 1) * size)`, counted from 1970. */
  | { tumblingUs: number }
  /** `[k * step, k * step + size)`; the step is not longer than the size. */
  | { hopping: { sizeUs: number; stepUs: number } }
  /** `(t - size, t]` for each time `t` of a row. */
  | { slidingUs: number }
  /** Rows less than this apart are one session. */
  | { sessionUs: number }
  /** Each so many rows, in the order they come. */
  | { rows: number }
  /** A new one whenever the value of the expression changes, in the order rows come. */
  | { cut: string };

/** One row for each window: its start as time, `windowEndUs`, and the aggregates. */
export interface WindowStep {
  verb: 'window';
  kind: WindowKind;
  /** A window of time closes when a row this much after its end has come. */
  graceUs: number;
  /** A window that is open this long after it could have closed, by the clock of the entity, is given as it stands. */
  idleUs: number;
  /** `update`: each row gives the windows it changed, and nothing is given when they close. */
  emit: 'close' | 'update';
  aggregate: Record<string, string>;
}

/** Adds or replaces columns with aggregates over `(t - overUs, t]`, for each row at its time `t`, itself included. */
export interface RollingStep {
  verb: 'rolling';
  overUs: number;
  columns: Record<string, string>;
}

export type ResampleHow = 'linear' | 'step' | 'angle' | 'nearest';

/** Brings each stream to the times that are multiples of `everyUs` since 1970. */
export interface ResampleStep {
  verb: 'resample';
  everyUs: number;
  how: ResampleHow;
  /** Between two rows further apart than this no row is made; null = any distance. */
  maxGapUs: number | null;
  /** Columns whose values are found otherwise than `how`. */
  channels: Record<string, ResampleHow>;
}

/** What stands for a null: the last value before, a point on the line between its neighbours, or a constant. */
export type FillValue = { method: 'last' | 'linear' } | { value: number | boolean | string };

/** Puts values in the place of nulls. */
export interface FillStep {
  verb: 'fill';
  columns: Record<string, FillValue>;
}

/** Puts rows in time order that came at most `latenessUs` behind a later one; adds the column `backfill`. */
export interface SortStep {
  verb: 'sort';
  latenessUs: number;
  /** Whether all rows of one stamp stay, or only the one that came last. */
  equal: 'all' | 'last';
}

/** Gives the rows to a function of a user's module. */
export interface MapStep {
  verb: 'map';
  /** Absolute path. */
  module: string;
  /** Null: the module's default export is the function; else which function of the dataframe that the module builds. */
  index: number | null;
  /** With `index`: what the module's function was given to build the dataframe; not there when it names its streams. */
  inputs?: Input[];
}
