import type { Batch, Column } from '../../columnar/batch.js';
import { field, Schema } from '../../columnar/schema.js';
import type { SortStep } from '../plan.js';
import type { LaneState, StatefulStep } from '../verbs/lane-state.js';
import { SchemaCache } from '../verbs/schema-cache.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import { GRACE_US } from './hold-limits.js';
import { SortLane } from './sort-lane.js';

export const BACKFILL = field('backfill', 'bool');

/** A leading-edge buffer: rows wait for those that come late, and leave in time order. */
export class SortRows implements StatefulStep {
  /** How far behind the clock of the entity a row leaves without a later one. */
  readonly waitUs: number;
  private readonly schemas: SchemaCache<Schema>;

  constructor(
    readonly step: SortStep,
    readonly context: StepContext,
  ) {
    this.waitUs = step.latenessUs + GRACE_US;
    this.schemas = new SchemaCache(({ schema, stream }: Batch) => {
      if (schema.indexOf(BACKFILL.name) < 0) return new Schema([...schema.fields, BACKFILL]);
      throw stepFailed(context, `sort: the rows of ${stream} ${HAS_BACKFILL}`);
    });
  }

  dueOf(timeUs: number): number {
    return timeUs + this.waitUs;
  }

  dueAfter(latestUs: number): number {
    return latestUs + GRACE_US;
  }

  create(): LaneState {
    return new SortLane(this);
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): LaneState {
    const lane = new SortLane(this);
    lane.restore(saved);
    return lane;
  }

  /** Fails for rows that have a column of the name already, when they come and not only when they leave. */
  check(batch: Batch): void {
    this.schemas.get(batch);
  }

  /** The rows with their column `backfill`. */
  mark(batch: Batch, isBackfill: boolean): Batch {
    const values = new Uint8Array(batch.rows);
    if (isBackfill) values.fill(1);
    const column: Column = { values, nulls: null, dictionary: null };
    return { ...batch, schema: this.schemas.get(batch), columns: [...batch.columns, column] };
  }
}

export const HAS_BACKFILL =
  'have a column backfill, which sort makes itself; drop it before, as in select: { drop: [backfill] }';
