import { deserialize, serialize } from 'node:v8';
import { type Batch, isNull } from '../../columnar/batch.js';
import { lowerBound } from '../../columnar/kernels/bisect.js';
import { newCells } from '../../columnar/kernels/cells.js';
import { convertCells } from '../../columnar/kernels/convert.js';
import type { Field } from '../../columnar/schema.js';
import type { Emit, LaneState } from '../verbs/lane-state.js';
import { stepFailed } from '../verbs/step-context.js';
import { type Cell, cellOf, convertCell } from './cell.js';
import { GAP_ROWS_MAX, type GridPlace } from './grid-rows.js';
import { LaneFields } from './lane-fields.js';
import type { GridColumns, ResampleRows, SourceColumn } from './resample-rows.js';

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
    let sources: SourceColumn[] | null = null;
    const give = () => {
      sources ??= this.sources(batch, from, to, isFirst);
      emit(this.resample.gridBatch(batch.stream, times, to, sources));
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
    const source = this.to ?? this.resample.columnsOf(before.fields.length > 0 ? before : schema, batch.stream);
    this.to = this.resample.columnsOf(schema, batch.stream);
    if (this.latestUs === -Infinity) return this.to;
    this.cells = this.to.columns.map(({ source: f }): Cell => {
      const at = before.indexOf(f.name);
      return at < 0 ? null : convertCell(this.cells[at]!, source.columns[at]!.source, f);
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

  /** The cells of the same rows. */
  private sources(batch: Batch, from: number, to: GridColumns, isFirst: boolean): SourceColumn[] {
    const at = isFirst ? 0 : 1;
    const count = batch.rows - from;
    return to.columns.map(({ source }, c): SourceColumn => {
      const index = batch.schema === this.fields.schema ? c : batch.schema.indexOf(source.name);
      const own = index < 0 ? null : batch.columns[index]!;
      const kept = isFirst ? null : this.cells[c]!;
      const values = newCells(source.type, count + at);
      if (own) convertCells(own.values, from, batch.schema.fields[index]!, values, at, source, count);
      let nullBytes: Uint8Array | null = null;
      if (!own || own.nulls || (kept === null && !isFirst)) {
        nullBytes = new Uint8Array(count + at);
        if (!own) nullBytes.fill(1);
        else if (own.nulls) for (let i = 0; i < count; i++) if (isNull(own.nulls, from + i)) nullBytes[at + i] = 1;
        if (!isFirst) nullBytes[0] = kept === null ? 1 : 0;
      }
      let dictionary = source.type === 'utf8' ? ((own?.dictionary ?? []) as string[]) : null;
      if (typeof kept === 'string') {
        const known = dictionary!.indexOf(kept);
        values[0] = known >= 0 ? known : dictionary!.length;
        if (known < 0) dictionary = [...dictionary!, kept];
      } else if (kept !== null) values[0] = kept as never;
      return { values, nullBytes, dictionary };
    });
  }

  private keep(batch: Batch, to: GridColumns): void {
    const last = batch.rows - 1;
    this.latestUs = batch.timeUs[last]!;
    this.cells = to.columns.map(({ source }): Cell => {
      const index = batch.schema.indexOf(source.name);
      return index < 0 ? null : convertCell(cellOf(batch.columns[index]!, last), batch.schema.fields[index]!, source);
    });
  }

  private warnOfGap(stream: string): void {
    this.resample.context.warn(
      `resample: a pause of ${stream} would have made more than ${GAP_ROWS_MAX} rows; it is left out, as others like it`,
    );
  }
}
