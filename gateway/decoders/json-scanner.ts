import { CELL_BOOL, CELL_NULL, CELL_NUMBER, CELL_TEXT } from '../../columnar/column-builder.js';
import { epochUs, isoUs, TIME_IS_RECEIVED, toUs, unitOf } from '../../core/event-time.js';
import { RowCells } from '../row-cells.js';
import { type StreamBuilder, TAKEN } from '../stream-builder.js';
import type { DecodeContext } from './decoder.js';
import { isSpace, type Layout } from './json-layout.js';
import { scanNumber } from './json-number.js';

/** What the scanner says of a message that is not its kind: nothing has been appended, JSON.parse has to decide. */
export const NOT_SCANNED = -1;

const TEXT_BYTES_MAX = 64;
/** Scratch beyond this is let go after the message. */
const SCRATCH_CELLS_KEPT = 1 << 16;

/**
 * Reads JSON messages of a known layout straight from their bytes into a builder. It takes only what it can take
 * whole: a message with any surprise in it, be it wrong or just unusual, is left to the slow way without a trace.
 */
export class JsonScanner {
  private readonly cells = new RowCells();
  private scratch: Float64Array = new Float64Array(1024);
  private times: Float64Array = new Float64Array(256);

  /** Returns the rows appended, or NOT_SCANNED. */
  scan(payload: Buffer, layout: Layout, builder: StreamBuilder, context: DecodeContext): number {
    let end = payload.length;
    while (end > 0 && isSpace(payload[end - 1]!)) end--;
    const start = skipSpace(payload, 0, end);
    const first = payload[start];
    // Every number has this byte behind it at the latest, so that none runs over the end.
    if (payload[end - 1] !== (first === 0x7b ? 0x7d : 0x5d)) return NOT_SCANNED;
    if (first === 0x7b) {
      if (layout.shape !== 'row') return this.scanColumns(payload, start, end, layout, builder, context);
      const stop = this.scanRow(payload, start, end, layout, builder);
      if (stop !== end) return NOT_SCANNED;
      return this.appendRow(layout, builder, context) ? 1 : NOT_SCANNED;
    }
    if (first !== 0x5b || layout.shape !== 'row') return NOT_SCANNED;
    return this.scanRows(payload, start + 1, end, layout, builder, context);
  }

  private scanRows(
    payload: Buffer,
    from: number,
    end: number,
    layout: Layout,
    builder: StreamBuilder,
    context: DecodeContext,
  ): number {
    const mark = builder.mark();
    let pos = skipSpace(payload, from, end);
    let rows = 0;
    for (;;) {
      pos = this.scanRow(payload, pos, end, layout, builder);
      if (pos < 0 || !this.appendRow(layout, builder, context)) break;
      rows++;
      pos = skipSpace(payload, pos, end);
      if (payload[pos] === 0x2c) {
        pos = skipSpace(payload, pos + 1, end);
        continue;
      }
      if (payload[pos] !== 0x5d || pos + 1 !== end) break;
      if (builder.growthFault(rows) !== null) break;
      builder.release(mark);
      return rows;
    }
    builder.rollback(mark);
    return NOT_SCANNED;
  }

  /** Reads one row into `cells`. Returns the position behind it, or -1. */
  private scanRow(payload: Buffer, from: number, end: number, layout: Layout, builder: StreamBuilder): number {
    const { bytes, starts, places, names } = layout;
    const { cells } = this;
    const count = names.length;
    cells.reserve(count + 1);
    const { kinds, numbers, columns } = cells;
    let pos = from;
    let i = 0;
    for (; i < count; i++) {
      const stop = starts[i + 1]!;
      if (pos + stop - starts[i]! >= end) return -1;
      for (let b = starts[i]!; b < stop; b++) if (payload[pos++] !== bytes[b]) return -1;
      const c = payload[pos]!;
      if (c <= 0x39 && c !== 0x22) {
        pos = scanNumber(payload, pos, numbers, i);
        if (pos < 0) return -1;
        kinds[i] = CELL_NUMBER;
      } else if (c === 0x22) {
        pos = this.scanText(payload, pos + 1, end, layout, i);
        if (pos < 0) return -1;
        kinds[i] = CELL_TEXT;
      } else if (c === 0x74 && pos + 4 < end && isWord(payload, pos, 0x72, 0x75, 0x65)) {
        kinds[i] = CELL_BOOL;
        numbers[i] = 1;
        pos += 4;
      } else if (c === 0x66 && pos + 5 < end && payload[pos + 4] === 0x65 && isWord(payload, pos, 0x61, 0x6c, 0x73)) {
        kinds[i] = CELL_BOOL;
        numbers[i] = 0;
        pos += 5;
      } else if (c === 0x6e && pos + 4 < end && isWord(payload, pos, 0x75, 0x6c, 0x6c)) {
        kinds[i] = CELL_NULL;
        pos += 4;
      } else return -1;
      let place = places[i]!;
      if (place < 0 && i !== layout.time && kinds[i] !== CELL_NULL) {
        place = builder.placeOf(names[i]!);
        if (place < 0) return -1;
        places[i] = place;
      }
      columns[i] = place;
    }
    const stop = starts[count + 1]!;
    if (pos + stop - starts[count]! > end) return -1;
    for (let b = starts[count]!; b < stop; b++) if (payload[pos++] !== bytes[b]) return -1;
    cells.count = count;
    return pos;
  }

  private scanText(payload: Buffer, from: number, end: number, layout: Layout, i: number): number {
    const last = layout.lastBytes[i]!;
    let pos = from;
    let same = true;
    for (; pos < end; pos++) {
      const c = payload[pos]!;
      if (c === 0x22) break;
      if (c < 0x20 || c > 0x7e || c === 0x5c || pos - from >= TEXT_BYTES_MAX) {
        last[0] = 0;
        return -1;
      }
      if (c !== last[pos - from]) {
        same = false;
        last[pos - from] = c;
      }
    }
    if (pos >= end) {
      last[0] = 0;
      return -1;
    }
    // The byte behind the last text is a quote, so that a text which only begins like it is another one.
    if (last[pos - from] !== 0x22) {
      same = false;
      last[pos - from] = 0x22;
    }
    if (!same) layout.lastTexts[i] = payload.toString('latin1', from, pos);
    this.cells.texts[i] = layout.lastTexts[i]!;
    return pos + 1;
  }

  private appendRow(layout: Layout, builder: StreamBuilder, context: DecodeContext): boolean {
    const { cells } = this;
    const { time } = layout;
    let timeUs = context.receivedUs;
    if (time >= 0) {
      const kind = cells.kinds[time];
      if (kind === CELL_NUMBER)
        timeUs = epochUs(cells.numbers[time]!, context.time === null ? null : context.time.unit);
      else if (kind === CELL_TEXT) timeUs = isoUs(cells.texts[time]!);
      else return false;
      if (Number.isNaN(timeUs)) return false;
      cells.kinds[time] = CELL_NULL;
    } else {
      const place = builder.placeOf(TIME_IS_RECEIVED);
      if (place < 0) return false;
      const at = cells.count++;
      cells.columns[at] = place;
      cells.kinds[at] = CELL_BOOL;
      cells.numbers[at] = 1;
    }
    const { kinds, numbers } = cells;
    for (let i = 0; i < cells.count; i++) {
      if (kinds[i] === CELL_NUMBER && numbers[i]! - numbers[i]! !== 0) return false;
    }
    return builder.appendRow(cells, timeUs) === TAKEN;
  }

  private scanColumns(
    payload: Buffer,
    from: number,
    end: number,
    layout: Layout,
    builder: StreamBuilder,
    context: DecodeContext,
  ): number {
    const { bytes, starts, names, places, time, t0, dt } = layout;
    const count = names.length;
    const listPlaces = new Int32Array(count - (t0 >= 0 ? 2 : 1));
    const listStarts = new Float64Array(listPlaces.length);
    let pos = from;
    let rows = -1;
    let used = 2;
    let timeStart = -1;
    let lists = 0;
    for (let i = 0; i < count; i++) {
      if (pos + starts[i + 1]! - starts[i]! >= end) return NOT_SCANNED;
      for (let b = starts[i]!; b < starts[i + 1]!; b++) if (payload[pos++] !== bytes[b]) return NOT_SCANNED;
      if (i === t0 || i === dt) {
        pos = scanNumber(payload, pos, this.scratch, i === t0 ? 0 : 1);
        if (pos < 0) return NOT_SCANNED;
        continue;
      }
      const start = used;
      pos = this.scanList(payload, pos, end, start);
      if (pos < 0) return NOT_SCANNED;
      used = this.listEnd;
      if (rows < 0) rows = used - start;
      else if (rows !== used - start) return NOT_SCANNED;
      if (i === time) timeStart = start;
      else {
        const place = places[i]! >= 0 ? places[i]! : builder.placeOf(names[i]!);
        if (place < 0) return NOT_SCANNED;
        listPlaces[lists] = place;
        listStarts[lists++] = start;
      }
    }
    const stop = starts[count + 1]!;
    if (pos + stop - starts[count]! > end) return NOT_SCANNED;
    for (let b = starts[count]!; b < stop; b++) if (payload[pos++] !== bytes[b]) return NOT_SCANNED;
    if (pos !== end || builder.growthFault(rows) !== null) return NOT_SCANNED;
    if (rows > this.times.length) this.times = new Float64Array(rows * 2);
    const timed = timeStart >= 0 ? this.readTimes(timeStart, rows, context) : this.spreadTimes(rows, context);
    const taken = timed && builder.appendNumbers(rows, this.times, listPlaces, this.scratch, listStarts);
    if (this.scratch.length > SCRATCH_CELLS_KEPT) this.scratch = new Float64Array(1024);
    if (this.times.length > SCRATCH_CELLS_KEPT) this.times = new Float64Array(256);
    return taken ? rows : NOT_SCANNED;
  }

  private listEnd = 0;

  /** Reads a list of numbers and nulls (as NaN) into `scratch` from `start` on; sets `listEnd`. */
  private scanList(payload: Buffer, from: number, end: number, start: number): number {
    if (payload[from] !== 0x5b) return -1;
    let pos = skipSpace(payload, from + 1, end);
    let at = start;
    let scratch = this.scratch;
    if (payload[pos] === 0x5d) {
      this.listEnd = at;
      return pos + 1;
    }
    for (;;) {
      if (at >= scratch.length) scratch = this.growScratch();
      if (payload[pos] === 0x6e) {
        if (pos + 4 >= end || !isWord(payload, pos, 0x75, 0x6c, 0x6c)) return -1;
        scratch[at] = Number.NaN;
        pos += 4;
      } else {
        pos = scanNumber(payload, pos, scratch, at);
        if (pos < 0 || Math.abs(scratch[at]!) === Number.POSITIVE_INFINITY) return -1;
      }
      at++;
      if (pos >= end) return -1;
      let c = payload[pos]!;
      if (c !== 0x2c && c !== 0x5d) {
        pos = skipSpace(payload, pos, end);
        if (pos >= end) return -1;
        c = payload[pos]!;
      }
      if (c === 0x5d) {
        this.listEnd = at;
        return pos + 1;
      }
      if (c !== 0x2c) return -1;
      pos++;
      if (pos < end && payload[pos]! <= 0x20) pos = skipSpace(payload, pos, end);
    }
  }

  private growScratch(): Float64Array {
    const longer = new Float64Array(this.scratch.length * 2);
    longer.set(this.scratch);
    this.scratch = longer;
    return longer;
  }

  private readTimes(start: number, rows: number, context: DecodeContext): boolean {
    const unit = context.time === null ? null : context.time.unit;
    for (let i = 0; i < rows; i++) {
      const timeUs = epochUs(this.scratch[start + i]!, unit);
      if (Number.isNaN(timeUs)) return false;
      this.times[i] = timeUs;
    }
    return true;
  }

  private spreadTimes(rows: number, context: DecodeContext): boolean {
    const t0 = this.scratch[0]!;
    const dt = this.scratch[1]!;
    const unit = context.time?.unit ?? unitOf(t0);
    if (unit === null || !(dt > 0)) return false;
    const t0Us = epochUs(t0, unit);
    const dtUs = toUs(dt, unit);
    const lastUs = rows === 0 ? t0Us : epochUs(t0Us + Math.round((rows - 1) * dtUs), 'us');
    if (Number.isNaN(t0Us) || Number.isNaN(lastUs) || !Number.isFinite(dtUs)) return false;
    for (let i = 0; i < rows; i++) this.times[i] = t0Us + Math.round(i * dtUs);
    return true;
  }
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let pos = from;
  while (pos < end && isSpace(bytes[pos]!)) pos++;
  return pos;
}

/** Whether the three bytes after `pos` are these. */
function isWord(bytes: Buffer, pos: number, a: number, b: number, c: number): boolean {
  return bytes[pos + 1] === a && bytes[pos + 2] === b && bytes[pos + 3] === c;
}
