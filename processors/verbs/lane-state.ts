import type { Batch } from '../../columnar/batch.js';
import type { StepContext } from './step-context.js';

export type Emit = (batch: Batch) => void;

/**
 * Takes rows `[from, to)` of a batch that a step cannot work on, and what is wrong: for the dead letters, or to be left
 * out. Throws where the processor stops for them. `describe` makes the error, where somebody gets to see it.
 */
export type Refuse = (batch: Batch, from: number, to: number, describe: () => unknown) => void;

/** Of a step whose rows wait for something outside. */
export interface Asks {
  /** Ends when the step may take the batch, of which it then knows all it needs. What fails comes when the step takes it. */
  ask(batch: Batch, lane: LaneInfo): Promise<void>;
}

/** The lane of a state. Its tags change with those of its records. */
export interface LaneInfo {
  /** Of its entity. */
  readonly key: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * A step that keeps something of each lane between records: made once from its plan. Records come in runs of any size,
 * and the rows that leave must not depend on where a run is cut:
 *
 * - what rows cause at once depends on the lane's rows alone, in the order they come;
 * - what time causes comes in `release`, at the clock of the entity, and not before the clock that `dueUs`, and `dueOf`
 *   for rows that have not been added yet, have said. The graph adds no further record once that clock is reached, until
 *   it has called `release`.
 */
export interface StatefulStep {
  readonly context: StepContext;
  /**
   * A lower bound for the clock at which a row of this time, or a later row, makes something due; Infinity: never.
   * Ascends with `timeUs`.
   */
  dueOf(timeUs: number): number;
  /**
   * A lower bound for the clock at which a lane whose latest row has this time has something due: where rows that come one
   * after the other leave nothing due before it. With it the records of a stream need not be cut where they only could
   * make something due; absent: they are.
   */
  dueAfter?(latestUs: number): number;
  /** How much earlier than a row the rows may be that it causes, as windows that are given at their start; absent: 0. */
  readonly shiftUs?: number;
  /** Whether rows may leave with other times than those they came with, earlier ones too. */
  readonly timesChange?: boolean;
  create(lane: LaneInfo): LaneState;
  /** A state from all the pieces that `changes` gave, and did not take back. */
  restore(saved: ReadonlyMap<string, Uint8Array>, lane: LaneInfo): LaneState;
  /**
   * What the pieces of one lane say, for `GET /state`: plain JSON values under names of its own, such as the rows held with
   * the times of the first and the last (`fromUs`, `toUs`), or windows that are open with what they have so far. Times are
   * microseconds since 1970; a NaN or an infinity stands as null. Summaries rather than rows: an answer over 1 MiB is not
   * given. It reads `saved` alone and changes nothing. Without it only the size of the pieces is shown.
   */
  describe?(saved: ReadonlyMap<string, Uint8Array>): Record<string, unknown>;
}

/** What a stateful step keeps of one lane. */
export interface LaneState {
  /**
   * Takes rows in the order they come; each batch is ascending in time, but may begin before where the last one ended.
   * The batches it emits need not be in time order, each of them is. Where it throws a `processor-failed`, it has changed
   * nothing and emitted nothing of the batch.
   */
  add(batch: Batch, emit: Emit, refuse: Refuse): void;
  /** Gives what is due at the clock of the entity. */
  release(clockUs: number, emit: Emit): void;
  /** The clock at which something is due next; Infinity when nothing waits for time. */
  readonly dueUs: number;
  /** A lower bound for the times of rows that it may still give for rows it has; Infinity when there are none. */
  readonly heldUs: number;
  /** Rows that came too late and changed nothing, since the state was made or restored. */
  readonly lateRows: number;
  /**
   * What changed since the last call, in pieces under names of its own choice (letters, digits, dots, dashes); null where
   * a piece is to be removed. Large states are cut so that a checkpoint costs what has changed, and not what there is.
   */
  changes(): Iterable<[piece: string, value: Uint8Array | null]>;
}
