import type { Batch, CellArray, Column } from '../../columnar/batch.js';
import { interpolate, interpolateNulls } from '../../columnar/kernels/interpolate.js';
import { interpolateAngle } from '../../columnar/kernels/interpolate-angle.js';
import { takeCells } from '../../columnar/kernels/take.js';
import { type Field, field, Schema } from '../../columnar/schema.js';
import { joinedField } from '../joining/join.js';
import type { ResampleHow, ResampleStep } from '../plan.js';
import type { LaneState, StatefulStep } from '../verbs/lane-state.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import { GridRows } from './grid-rows.js';
import { ResampleLane } from './resample-lane.js';

/** Columns that a resample adds, and those it can therefore not take. */
export const GRID_FIELDS: readonly Field[] = [field('samples', 'i32'), field('interpolated', 'bool')];

/** Real rows in columns to be read at the grid: numbers to be interpolated as what they stand for. */
export interface SourceColumn {
  values: CellArray;
  /** One byte a row, 1 for null; null when no row has one. */
  nullBytes: Uint8Array | null;
  dictionary: string[] | null;
}

/** One column of a stream: how it is brought to the grid, the cells this is worked out on, and what comes out. */
export interface GridColumn {
  how: ResampleHow;
  source: Field;
  out: Field;
}

export interface GridColumns {
  columns: GridColumn[];
  schema: Schema;
}

/** Brings rows to common times; state is kept of each lane, the rest is shared by all. */
export class ResampleRows implements StatefulStep {
  readonly grid: GridRows;
  private readonly known = new Map<number, GridColumns>();
  private nearest = new Int32Array(0);

  constructor(
    readonly step: ResampleStep,
    readonly context: StepContext,
  ) {
    this.grid = new GridRows(step.everyUs, step.maxGapUs ?? Infinity);
  }

  /** Only rows make grid times, never the clock. */
  dueOf(): number {
    return Infinity;
  }

  create(): LaneState {
    return new ResampleLane(this);
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): LaneState {
    const lane = new ResampleLane(this);
    lane.restore(saved);
    return lane;
  }

  /** How the columns of a lane are brought to the grid; `stream` is named in errors. */
  columnsOf(schema: Schema, stream: string): GridColumns {
    let known = this.known.get(schema.fingerprint);
    if (known) return known;
    for (const { name } of GRID_FIELDS) {
      if (schema.indexOf(name) >= 0) throw stepFailed(this.context, `resample: the rows of ${stream} ${hasOwn(name)}`);
    }
    for (const name of Object.keys(this.step.channels)) {
      if (schema.indexOf(name) >= 0) continue;
      this.context.warn(`resample: the rows of ${stream} do not have column ${name} so far`);
    }
    const columns = schema.fields.map((f) => gridColumn(f, this.step));
    const wrong = columns.find(({ how, source }) => how === 'angle' && isWord(source));
    if (wrong) {
      throw stepFailed(
        this.context,
        `resample: column ${wrong.source.name} of ${stream} is ${wrong.source.type}, which is no angle`,
      );
    }
    known = { columns, schema: new Schema([...columns.map(({ out }) => out), ...GRID_FIELDS]) };
    this.known.set(schema.fingerprint, known);
    return known;
  }

  /** The rows that the grid holds, worked out from the real rows at `timeUs`. */
  gridBatch(stream: string, timeUs: Float64Array, to: GridColumns, sources: readonly SourceColumn[]): Batch {
    const { grid } = this;
    const { rows } = grid;
    const nearest = this.step.how === 'nearest' || this.hasNearest ? this.closer(timeUs) : grid.before;
    const columns = to.columns.map((column, c): Column => {
      const { values, nullBytes, dictionary } = sources[c]!;
      if (column.how === 'step' || column.how === 'nearest') {
        const rowOf = column.how === 'step' ? grid.before : nearest;
        const nulls = nullBytes && interpolateNulls(nullBytes, rowOf, rowOf, rows);
        return { values: takeCells(column.out.type, values, rowOf, rows), nulls, dictionary };
      }
      const out = column.out.type === 'f32' ? new Float32Array(rows) : new Float64Array(rows);
      const kernel = column.how === 'angle' ? interpolateAngle : interpolate;
      kernel(values as Float64Array, grid.before, grid.after, grid.weight, rows, out);
      const nulls = nullBytes && interpolateNulls(nullBytes, grid.before, grid.after, rows);
      return { values: out, nulls, dictionary: null };
    });
    columns.push({ values: grid.samples.slice(0, rows), nulls: null, dictionary: null });
    columns.push({ values: grid.interpolated.slice(0, rows), nulls: null, dictionary: null });
    return { stream, schema: to.schema, rows, timeUs: grid.timeUs.slice(0, rows), columns };
  }

  private get hasNearest(): boolean {
    return Object.values(this.step.channels).includes('nearest');
  }

  /** For each grid time the closer of its neighbours, the earlier when both are as close. */
  private closer(timeUs: Float64Array): Int32Array {
    const { rows, before, after, timeUs: gridUs } = this.grid;
    if (this.nearest.length < rows) this.nearest = new Int32Array(before.length);
    for (let i = 0; i < rows; i++) {
      const back = gridUs[i]! - timeUs[before[i]!]!;
      this.nearest[i] = back <= timeUs[after[i]!]! - gridUs[i]! ? before[i]! : after[i]!;
    }
    return this.nearest;
  }
}

/** Bools and texts have no line between them: `linear`, and `angle` where it is meant for all, take the row before. */
export function gridColumn(f: Field, { how: common, channels }: ResampleStep): GridColumn {
  const own = Object.hasOwn(channels, f.name) ? channels[f.name]! : null;
  const how = own ?? (isWord(f) && common !== 'nearest' ? 'step' : common);
  if (how === 'step' || how === 'nearest' || isWord(f)) {
    return { how: how === 'linear' ? 'step' : how, source: f, out: f };
  }
  return { how, source: field(f.name, 'f64'), out: joinedField(f, f.name, 'linear') };
}

export function isWord({ type }: Field): boolean {
  return type === 'bool' || type === 'utf8';
}

export function hasOwn(name: string): string {
  return `have a column ${name}, which resample makes itself; drop it before, as in select: { drop: [${name}] }`;
}
