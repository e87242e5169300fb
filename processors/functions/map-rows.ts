import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import type { ColumnType, Schema } from '../../columnar/schema.js';
import type { PitwallError } from '../../core/errors.js';
import { threadWatch } from '../thread-watch.js';
import type { Emit, LaneInfo, LaneState, Refuse, StatefulStep } from '../verbs/lane-state.js';
import type { StepContext } from '../verbs/step-context.js';
import type { PerRow } from './function-definition.js';
import { functionFailed, isOwnFault, stepName } from './function-fault.js';
import { FunctionState } from './function-state.js';
import type { At } from './function-types.js';
import type { RowCalls } from './outside-calls.js';
import { RowCursor } from './row-cursor.js';
import { type Produced, RowOutput } from './row-output.js';

/** So many calls are one stretch of work to whoever watches the thread. */
const WATCHED_ROWS = 16;
/** Piece of the types that were learned, and of the latest event time. */
const LANE = 'lane';

interface SavedLane {
  learned: [name: string, type: ColumnType][];
  latestUs: number;
}

/** A function per row, ready to run. What it keeps of a lane are the types that were learned, and the function's state. */
export class MapRows implements StatefulStep {
  readonly timesChange: boolean;
  /** For whoever watches the thread. */
  readonly name: string;

  constructor(
    readonly of: PerRow,
    readonly module: string,
    readonly context: StepContext,
    /** Has asked a function that waits; null for one that does not. */
    readonly calls: RowCalls | null,
  ) {
    this.timesChange = of.ownTimes;
    this.name = stepName(context, module);
  }

  failed(cause: unknown): PitwallError {
    return functionFailed(this.context, this.module, cause);
  }

  dueOf(): number {
    return Number.POSITIVE_INFINITY;
  }

  create(lane: LaneInfo): LaneState {
    return new MapLane(this, lane);
  }

  restore(saved: ReadonlyMap<string, Uint8Array>, lane: LaneInfo): LaneState {
    const state = new MapLane(this, lane);
    state.restore(saved);
    return state;
  }
}

class MapLane implements LaneState {
  readonly dueUs = Number.POSITIVE_INFINITY;
  readonly heldUs = Number.POSITIVE_INFINITY;
  readonly lateRows = 0;
  private readonly produced: Produced;
  private readonly state: FunctionState | null;
  private readonly at: At & { stream: string };
  private latestUs = Number.NEGATIVE_INFINITY;
  private hasChanged = false;
  private schema: Schema | null = null;
  private cursor!: RowCursor;
  private output!: RowOutput;

  constructor(
    private readonly step: MapRows,
    lane: LaneInfo,
  ) {
    const { columns, state } = step.of;
    this.produced = new Map(Object.entries(columns));
    this.state = state && new FunctionState(state);
    this.at = {
      stream: '',
      key: lane.key,
      get tags() {
        return lane.tags;
      },
    };
  }

  add(batch: Batch, emit: Emit, refuse: Refuse): void {
    this.meet(batch.schema);
    const { cursor, output, state, at, step } = this;
    const { calls } = step;
    const { call, expireUs } = step.of;
    const stateView = state?.view ?? null;
    at.stream = batch.stream;
    threadWatch.enterRows(step.name, batch.stream);
    cursor.start(batch);
    output.start(batch);
    for (let row = 0; row < batch.rows; row++) {
      const timeUs = batch.timeUs[row]!;
      threadWatch.row(timeUs);
      if (row % WATCHED_ROWS === 0) threadWatch.goesOn();
      cursor.moveTo(row);
      let hasAnswered = false;
      try {
        if (state && timeUs - this.latestUs > expireUs) state.clear();
        const result = calls ? calls.answer(batch, row) : call(cursor.view as never, stateView as never, at);
        hasAnswered = true;
        if (output.put(row, result, emit)) this.hasChanged = true;
      } catch (cause) {
        if (hasAnswered && isOwnFault(cause)) throw cause;
        state?.undo();
        output.skip();
        refuse(batch, row, row + 1, () => step.failed(cause));
        continue;
      }
      if (!state) continue;
      state.accept();
      if (timeUs > this.latestUs) {
        this.latestUs = timeUs;
        this.hasChanged ||= expireUs !== Number.POSITIVE_INFINITY;
      }
    }
    threadWatch.leaveRows();
    output.flush(emit);
    cursor.end();
  }

  release(): void {}

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (this.state) yield* this.state.changes();
    if (!this.hasChanged) return;
    this.hasChanged = false;
    const declared = this.step.of.columns;
    const learned = [...this.produced].filter(([name]) => !Object.hasOwn(declared, name));
    yield [LANE, serialize({ learned, latestUs: this.latestUs } satisfies SavedLane)];
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    this.state?.restore(saved);
    const bytes = saved.get(LANE);
    if (!bytes) return;
    const { learned, latestUs } = deserialize(bytes) as SavedLane;
    for (const [name, type] of learned) if (!this.produced.has(name)) this.produced.set(name, type);
    this.latestUs = latestUs;
  }

  private meet(schema: Schema): void {
    if (schema === this.schema) return;
    const isNew = this.schema?.fingerprint !== schema.fingerprint;
    this.schema = schema;
    if (!isNew) return;
    const { of } = this.step;
    try {
      this.cursor = new RowCursor(schema, of.reads);
    } catch (cause) {
      this.schema = null;
      throw this.step.failed(cause);
    }
    this.output = new RowOutput(schema, this.produced, of.ownTimes);
  }
}
