import type { Batch } from '../../columnar/batch.js';
import type { AggregateSet, RollingAccumulator } from '../aggregates/aggregate-set.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import type { RollingColumns } from './rolling-columns.js';

/** Rows a lane may have within its window: nearly three hours of 100 Hz. */
export const ROLLING_ROWS_MAX = 1 << 20;

export function checkRollingRows(rows: number, where: string, stream: string, context: StepContext): void {
  if (rows <= ROLLING_ROWS_MAX) return;
  throw stepFailed(
    context,
    `${where}: ${rows} rows of ${stream} are within one window, more than ${ROLLING_ROWS_MAX}; make it shorter`,
  );
}

/** Rolling aggregates of one lane: each row leaves as it comes. */
export class RollingRows implements LaneState {
  readonly lateRows = 0;
  readonly dueUs = Infinity;
  readonly heldUs = Infinity;

  constructor(
    private readonly aggregates: AggregateSet,
    private readonly rolling: RollingAccumulator,
    private readonly columns: RollingColumns,
    private readonly context: StepContext,
  ) {}

  add(batch: Batch, emit: Emit): void {
    const { fields, columns } = this.rolling.add(this.aggregates.inputs(batch));
    checkRollingRows(this.rolling.rows, 'rolling.over', batch.stream, this.context);
    emit(this.columns.put(batch, fields, columns));
  }

  release(): void {}

  changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    return this.rolling.changes();
  }
}
