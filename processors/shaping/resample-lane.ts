import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { lowerBound } from '../../columnar/kernels/bisect.js';
import type { Field } from '../../columnar/schema.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { stepFailed } from '../verbs/step-context.js';
import { type Cell, cellOf, convertCell } from './cell.js';
import { GAP_ROWS_MAX, type GridPlace } from './grid-rows.js';
import { LaneFields } from './lane-fields.js';
import type { GridColumns, ResampleRows } from './resample-rows.js';
import { NO_CELL } from './source-column.js';

interface Saved {
  fields: readonly Field[];
  cells: Cell[];
  latestUs: number;
  place: GridPlace;
}

/**
 * One lane on its way to the grid. Since every grid time before the latest row has been given, that row is all that later
 * grid times can look back to: a row that comes behind it can only count among the samples of the next grid time.
 */
export class ResampleLane implements LaneState {
  readonly dueUs = Infinity;
  lateRows = 0;
  private fields = new LaneFields(null);
  private to: GridColumns | null = null;
  /** The cells of the latest row, of equal stamps the last that came, in the fields that are worked on. */
  private cells: Cell[] = [];
  private latestUs = -Infinity;
  private readonly place: GridPlace = { nextUs: -Infinity, samples: 0 };
  private changed = false;

  constructor(private readonly resample: ResampleRows) {}

  get heldUs(): number {
    return this.latestUs === -Infinity ? Infinity : this.place.nextUs;
  }

  add(batch: Batch, emit: Emit): void {
    this.changed = true;
    const to = this.learn(batch);
    const { rows, timeUs } = batch;
    const from = lowerBound(timeUs, this.latestUs, 0, rows);
    this.addBehind(timeUs, from);
    if (from === rows) return;
    const { grid } = this.resample;
    const isFirst = this.latestUs === -Infinity;
    if (isFirst) {
      this.place.nextUs = grid.firstFrom(timeUs[0]!);
      this.place.samples = 1;
    }
    const times = this.timesWith(timeUs, from, rows, isFirst);
    let loaded = false;
    const give = () => {
      if (!loaded) this.load(batch, from, to, isFirst);
      loaded = true;
      emit(this.resample.gridBatch(batch.stream, times, to));
    };
    grid.rows = 0;
    if (grid.walk(times, times.length, this.place, give)) this.warnOfGap(batch.stream);
    if (grid.rows > 0) give();
    this.keep(batch, to);
  }

  release(): void {}

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.changed) return;
    this.changed = false;
    const { cells, latestUs, place } = this;
    const saved: Saved = { fields: this.fields.schema.fields, cells, latestUs, place };
    yield ['lane', serialize(saved)];
  }

  restore(pieces: ReadonlyMap<string, Uint8Array>): void {
    const { fields, cells, latestUs, place } = deserialize(pieces.get('lane')!) as Saved;
    this.fields = new LaneFields(null, fields);
    this.cells = cells;
    this.latestUs = latestUs;
    Object.assign(this.place, place);
  }

  /** Rows behind the latest: those less than a step before the next grid time count there, the others are late. */
  private addBehind(timeUs: Float64Array, rows: number): void {
    if (rows === 0) return;
    const late = lowerBound(timeUs, this.place.nextUs - this.resample.step.everyUs + 1, 0, rows);
    this.lateRows += late;
    this.place.samples += rows - late;
  }

  private learn(batch: Batch): GridColumns {
    const before = this.fields.schema;
    let isNew: boolean;
    try {
      isNew = this.fields.learn(batch.schema);
    } catch (cause) {
      throw stepFailed(
        this.resample.context,
        `resample: the rows of ${batch.stream}: ${(cause as Error).message}`,
        cause,
      );
    }
    if (this.to && !isNew) return this.to;
    const { schema } = this.fields;
    const old = this.to ?? this.resample.columnsOf(before.fields.length > 0 ? before : schema, batch.stream);
    this.to = this.resample.columnsOf(schema, batch.stream);
    if (this.latestUs === -Infinity) return this.to;
    this.cells = this.to.columns.map(({ on: f }): Cell => {
      const at = before.indexOf(f.name);
      return at < 0 ? null : convertCell(this.cells[at]!, old.columns[at]!.on, f);
    });
    return this.to;
  }

  /** The times of the latest row and the new ones behind it. */
  private timesWith(timeUs: Float64Array, from: number, to: number, isFirst: boolean): Float64Array {
    if (isFirst) return timeUs.subarray(from, to);
    const times = new Float64Array(to - from + 1);
    times[0] = this.latestUs;
    times.set(timeUs.subarray(from, to), 1);
    return times;
  }

  /** Puts the cells of the same rows where the grid reads them. */
  private load(batch: Batch, from: number, { columns, sources }: GridColumns, isFirst: boolean): void {
    const { schema, rows } = batch;
    columns.forEach(({ on }, c) => {
      const index = schema === this.fields.schema ? c : schema.indexOf(on.name);
      const column = index < 0 ? null : batch.columns[index]!;
      const field = index < 0 ? null : schema.fields[index]!;
      sources[c]!.load(isFirst ? NO_CELL : this.cells[c]!, column, field, from, rows);
    });
  }

  private keep(batch: Batch, to: GridColumns): void {
    const last = batch.rows - 1;
    this.latestUs = batch.timeUs[last]!;
    this.cells = to.columns.map(({ on }): Cell => {
      const index = batch.schema.indexOf(on.name);
      return index < 0 ? null : convertCell(cellOf(batch.columns[index]!, last), batch.schema.fields[index]!, on);
    });
  }

  private warnOfGap(stream: string): void {
    this.resample.context.warn(
      `resample: a pause of ${stream} would have made more than ${GAP_ROWS_MAX} rows; it is left out, as others like it`,
    );
  }
}
