import type { Batch, Column } from '../../columnar/batch.js';
import { constantColumn, type FillCell, fillConstant } from '../../columnar/kernels/fill.js';
import { type Field, field, Schema } from '../../columnar/schema.js';
import { joinedField } from '../joining/join.js';
import type { FillStep, FillValue } from '../plan.js';
import type { LaneState, StatefulStep } from '../verbs/lane-state.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import type { Operator } from '../verbs/verb.js';
import { constantCell, constantField, doesNotFit } from './fill-constant.js';
import { FillLane } from './fill-lane.js';
import { GRACE_US } from './grace.js';

/** A column that is filled with what the lane has had. */
export interface FilledColumn {
  name: string;
  method: 'last' | 'linear';
}

/** A column of the result. */
export interface FillPlanColumn {
  /** Its place in the rows that come; -1 when they do not have it. */
  at: number;
  from: Field | null;
  /** What it is filled with: the number of a filled column, or a cell; null when it stays as it is. */
  fill: { filled: number; method: 'last' | 'linear' } | { cell: FillCell } | null;
  /** The field its cells are filled in, and that of the result. */
  on: Field;
  to: Field;
}

export interface FillPlan {
  columns: FillPlanColumn[];
  schema: Schema;
}

/** Fills nulls: how, worked out for each schema and shared by all lanes. */
export class FillRows implements StatefulStep, Operator {
  /** Columns with a method, in the order of the step; a lane keeps the last value of each. */
  readonly filled: readonly FilledColumn[];
  readonly linear: readonly string[];
  private readonly plans = new Map<string, FillPlan>();
  private lastFrom: Schema | null = null;
  private lastKnown: Schema | null = null;
  private last: FillPlan | null = null;

  constructor(
    readonly step: FillStep,
    readonly context: StepContext,
  ) {
    this.filled = Object.entries(step.columns).flatMap(([name, fill]): FilledColumn[] =>
      'method' in fill ? [{ name, method: fill.method }] : [],
    );
    this.linear = this.filled.filter(({ method }) => method === 'linear').map(({ name }) => name);
  }

  dueOf(timeUs: number): number {
    return this.linear.length > 0 ? timeUs + GRACE_US : Infinity;
  }

  create(): LaneState {
    return new FillLane(this);
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): LaneState {
    const lane = new FillLane(this);
    lane.restore(saved);
    return lane;
  }

  /** With constants alone nothing has to be kept. */
  apply(batch: Batch): Batch {
    const { columns, schema } = this.planOf(batch, NONE);
    const filled = columns.map((column) => this.constant(column, batch));
    return { ...batch, schema, columns: filled };
  }

  /** A column that stays as it is, or is filled with a constant. */
  constant({ at, fill, to }: FillPlanColumn, batch: Batch): Column {
    if (fill === null || !('cell' in fill)) return batch.columns[at]!;
    if (at < 0) return constantColumn(to.type, batch.rows, fill.cell);
    return fillConstant(batch.columns[at]!, batch.rows, fill.cell);
  }

  /** How the rows of a batch are filled, in a lane where the filled columns are `known` so far. */
  planOf(batch: Batch, known: Schema): FillPlan {
    if (batch.schema === this.lastFrom && known === this.lastKnown) return this.last!;
    const key = `${batch.schema.fingerprint} ${known.fingerprint}`;
    let plan = this.plans.get(key);
    if (!plan) this.plans.set(key, (plan = this.makePlan(batch, known)));
    this.lastFrom = batch.schema;
    this.lastKnown = known;
    this.last = plan;
    return plan;
  }

  private makePlan({ schema, stream }: Batch, known: Schema): FillPlan {
    const columns = schema.fields.map((f, at) => this.planColumn(f, at, known, stream));
    for (const [name, fill] of Object.entries(this.step.columns)) {
      if (schema.indexOf(name) >= 0) continue;
      if ('value' in fill || known.indexOf(name) >= 0) columns.push(this.missing(name, fill, known, stream));
      else this.context.warn(`fill.${name}: the rows of ${stream} do not have column ${name} so far; it is left alone`);
    }
    const same = columns.length === schema.fields.length && columns.every(({ from, to }) => from === to);
    return { columns, schema: same ? schema : new Schema(columns.map(({ to }) => to)) };
  }

  private planColumn(from: Field, at: number, known: Schema, stream: string): FillPlanColumn {
    const { name } = from;
    const fill = Object.hasOwn(this.step.columns, name) ? this.step.columns[name]! : null;
    if (fill === null) return { at, from, fill, on: from, to: from };
    if ('value' in fill) {
      const cell = constantCell(fill.value, from);
      if (cell === null) throw this.failed(name, doesNotFit(fill.value, from), stream);
      return { at, from, fill: { cell }, on: from, to: from };
    }
    const on = known.fields[known.indexOf(name)]!;
    return { ...this.method(name, fill.method, on, stream), at, from };
  }

  private missing(name: string, fill: FillValue, known: Schema, stream: string): FillPlanColumn {
    if ('method' in fill) {
      const on = known.fields[known.indexOf(name)]!;
      return { ...this.method(name, fill.method, on, stream), at: -1, from: null };
    }
    const to = constantField(name, fill.value);
    return { at: -1, from: null, fill: { cell: constantCell(fill.value, to)! }, on: to, to };
  }

  private method(name: string, method: 'last' | 'linear', f: Field, stream: string) {
    const filled = this.filled.findIndex((column) => column.name === name);
    if (method === 'last') return { fill: { filled, method }, on: f, to: f };
    if (!isNumber(f)) throw this.failed(name, noLine(f), stream);
    return { fill: { filled, method }, on: field(name, 'f64'), to: linearField(f) };
  }

  private failed(name: string, what: string, stream: string): Error {
    return stepFailed(this.context, `fill.${name}, for the rows of ${stream}: ${what}`);
  }
}

const NONE = new Schema([]);

export function linearField(f: Field): Field {
  const to = joinedField(f, f.name, 'linear');
  return to.type === f.type ? f : to;
}

export function isNumber({ type }: Field): boolean {
  return type !== 'bool' && type !== 'utf8';
}

export function noLine({ name, type }: Field): string {
  return `column ${name} is ${type}, and only numbers stand on a line; use last`;
}
