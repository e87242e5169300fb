import { deserialize, serialize } from 'node:v8';
import { type Batch, bitmapBytes, type Column, isNull } from '../../columnar/batch.js';
import { lowerBound } from '../../columnar/kernels/bisect.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { convertCells, sameCells } from '../../columnar/kernels/convert.js';
import { fillForward, fillLinear, type Point } from '../../columnar/kernels/fill.js';
import { type Field, field } from '../../columnar/schema.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { stepFailed } from '../verbs/step-context.js';
import { type Cell, cellOf, convertCell } from './cell.js';
import { FillHold } from './fill-hold.js';
import type { FillPlanColumn, FillRows } from './fill-rows.js';
import { HELD_ROWS_MAX } from './grace.js';
import { LaneFields } from './lane-fields.js';

interface Saved {
  fields: readonly Field[];
  cells: Cell[];
  points: (Point | null)[];
  latestUs: number;
  headRow: number;
  nextRow: number;
}

/**
 * One lane whose nulls are filled. Rows are filled when they leave, with what the rows before them had; only where a
 * column is filled on a line does a row wait.
 */
export class FillLane implements LaneState {
  readonly lateRows = 0;
  private fields: LaneFields;
  /** The last value that is not null of each filled column: a cell of the column's known field, or a point of its line. */
  private cells: Cell[];
  private points: (Point | null)[];
  /** The latest time of the rows that have left. */
  private latestUs = -Infinity;
  private readonly hold: FillHold | null;
  private changed = false;

  constructor(private readonly fill: FillRows) {
    this.fields = this.newFields([]);
    this.cells = fill.filled.map(() => null);
    this.points = fill.filled.map(() => null);
    this.hold = fill.linear.length > 0 ? new FillHold(fill.linear) : null;
  }

  private newFields(fields: readonly Field[]): LaneFields {
    return new LaneFields(new Set(this.fill.filled.map(({ name }) => name)), fields);
  }

  get dueUs(): number {
    return this.hold?.dueUs ?? Infinity;
  }

  get heldUs(): number {
    return this.hold?.heldUs ?? Infinity;
  }

  add(batch: Batch, emit: Emit): void {
    this.changed = true;
    if (this.hold === null) {
      emit(this.filledRows(batch));
      return;
    }
    this.hold.add(batch);
    this.leave(this.hold, emit);
    this.hold.noteHeld(batch);
    if (this.hold.rows > HELD_ROWS_MAX) {
      throw stepFailed(
        this.fill.context,
        `fill: ${this.hold.rows} rows of ${batch.stream} wait for a value of ${this.fill.linear.join(' or ')}, more than ${HELD_ROWS_MAX}; use last`,
      );
    }
  }

  release(clockUs: number, emit: Emit): void {
    if (this.hold === null) return;
    this.changed = true;
    this.hold.expire(clockUs);
    this.leave(this.hold, emit);
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (this.hold) yield* this.hold.changes();
    if (!this.changed) return;
    this.changed = false;
    const { cells, points, latestUs } = this;
    const { headRow, nextRow } = this.hold ?? { headRow: 0, nextRow: 0 };
    const saved: Saved = { fields: this.fields.schema.fields, cells, points, latestUs, headRow, nextRow };
    yield ['lane', serialize(saved)];
  }

  restore(pieces: ReadonlyMap<string, Uint8Array>): void {
    const { fields, cells, points, latestUs, headRow, nextRow } = deserialize(pieces.get('lane')!) as Saved;
    this.fields = this.newFields(fields);
    this.cells = cells;
    this.points = points;
    this.latestUs = latestUs;
    const known = new Set(this.fill.filled.filter((_, i) => points[i] !== null).map(({ name }) => name));
    this.hold?.restore(pieces, headRow, nextRow, latestUs, known);
  }

  private leave(hold: FillHold, emit: Emit): void {
    for (let batch = hold.take(); batch !== null; batch = hold.take()) emit(this.filledRows(batch));
  }

  private filledRows(batch: Batch): Batch {
    this.learn(batch);
    const { columns, schema } = this.fill.planOf(batch, this.fields.schema);
    const inOrderFrom = this.hold ? lowerBound(batch.timeUs, this.latestUs, 0, batch.rows) : 0;
    const filled = columns.map((column): Column => {
      const { fill } = column;
      if (fill === null || !('filled' in fill)) return this.fill.constant(column, batch);
      if (fill.method === 'last') return this.forward(column, fill.filled, batch);
      return this.onLine(column, fill.filled, batch, inOrderFrom);
    });
    this.latestUs = Math.max(this.latestUs, batch.timeUs[batch.rows - 1]!);
    return { ...batch, schema, columns: filled };
  }

  private learn(batch: Batch): void {
    const before = this.fields.schema;
    try {
      if (!this.fields.learn(batch.schema)) return;
    } catch (cause) {
      throw stepFailed(this.fill.context, `fill: the rows of ${batch.stream}: ${(cause as Error).message}`, cause);
    }
    const { schema } = this.fields;
    this.cells = this.fill.filled.map(({ name }, i) => {
      const from = before.fields[before.indexOf(name)];
      return from ? convertCell(this.cells[i]!, from, schema.fields[schema.indexOf(name)]!) : null;
    });
  }

  private forward(column: FillPlanColumn, index: number, batch: Batch): Column {
    const source = sourceOf(column, batch);
    const filled = fillForward(source, column.on.type, batch.rows, this.cells[index]!);
    this.cells[index] = cellOf(filled, batch.rows - 1);
    return filled;
  }

  private onLine(column: FillPlanColumn, index: number, batch: Batch, inOrderFrom: number): Column {
    const { rows } = batch;
    const source = sourceOf(column, batch) as Column & { values: Float64Array };
    const { name } = column.to;
    if (source.nulls === null && inOrderFrom === 0) {
      this.points[index] = { value: source.values[rows - 1]!, timeUs: batch.timeUs[rows - 1]! };
      return column.to.type === 'f32' ? { ...source, values: Float32Array.from(source.values) } : source;
    }
    const right = isNull(source.nulls, rows - 1) ? this.pointAfter(name) : null;
    const out = column.to.type === 'f32' ? new Float32Array(rows) : new Float64Array(rows);
    const left = this.points[index]!;
    const filled = fillLinear(source, batch.timeUs, rows, inOrderFrom, left, right, out);
    this.points[index] = filled.last;
    return filled.column;
  }

  private pointAfter(name: string): Point | null {
    const next = this.hold!.valueAfter(name);
    if (next === null) return null;
    const { batch, row } = next;
    const at = batch.schema.indexOf(name);
    const cell = cellOf(batch.columns[at]!, row);
    const value = Number(convertCell(cell, batch.schema.fields[at]!, field(name, 'f64')));
    return { value, timeUs: batch.timeUs[row]! };
  }
}

/** The cells of a column in the field they are filled in; all null where the rows do not have it. */
function sourceOf({ at, from, on }: FillPlanColumn, { rows, columns }: Batch): Column {
  if (from === null) {
    const nulls = new Uint8Array(bitmapBytes(rows)).fill(255);
    return { values: newCells(on.type, rows), nulls, dictionary: on.type === 'utf8' ? [] : null };
  }
  const column = columns[at]!;
  if (sameCells(from, on)) return column;
  const values = newCells(on.type, rows);
  convertCells(column.values, 0, from, values, 0, on, rows);
  return { values, nulls: column.nulls, dictionary: column.dictionary };
}
