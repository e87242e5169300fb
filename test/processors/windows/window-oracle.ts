import type { InputRecord } from '../../../processors/partition-graph.js';
import type { WindowStep } from '../../../processors/plan.js';
import { unpack } from '../../../schemas/data-block.js';
import { type Row, rowsOf } from '../telemetry.js';

/** A window with its rows as they came. */
interface Window {
  startUs: number;
  endUs: number;
  rows: Row[];
  /** When it is given as it stands. */
  dueUs: number;
}

interface Lane {
  latestUs: number;
  releasedUs: number;
  lateRows: number;
  open: Window[];
  /** All rows that were not late, for windows that slide. */
  rows: Row[];
}

type Give = (window: Window) => void;

/**
 * Windows written from the definitions alone, record by record and row by row, over plain lists: what the engine must
 * give however records are grouped. Gives the rows of each stream in their order, and how many rows were late.
 */
export function oracleWindows(
  records: readonly InputRecord[],
  step: WindowStep,
  isRead: (stream: string) => boolean,
  aggregate: (rows: readonly Row[]) => Record<string, unknown>,
  /** Puts the value of `cut` on each row. */
  prepared: (row: Row) => Row,
): { rows: Map<string, Record<string, unknown>[]>; lateRows: number } {
  const entities = new Map<string, { latestUs: number; elapsedUs: number; lanes: Map<string, Lane> }>();
  const out = new Map<string, Record<string, unknown>[]>();
  let lastReceivedUs: number | null = null;
  for (const record of records) {
    const passedUs = lastReceivedUs === null ? 0 : Math.min(1_000_000, Math.max(0, record.receivedUs - lastReceivedUs));
    lastReceivedUs = record.receivedUs;
    for (const entity of entities.values()) entity.elapsedUs += passedUs;
    const giveTo =
      (stream: string): Give =>
      ({ startUs, endUs, rows }) => {
        const row = { timeUs: startUs, windowEndUs: endUs, ...aggregate(rows) };
        out.set(stream, [...(out.get(stream) ?? []), row]);
      };
    if (record.kind === 'data' && record.packed !== null && isRead(record.stream)) {
      let entity = entities.get(record.key);
      if (!entity) entities.set(record.key, (entity = { latestUs: -Infinity, elapsedUs: 0, lanes: new Map() }));
      entity.elapsedUs = 0;
      let lane = entity.lanes.get(record.stream);
      if (!lane) {
        lane = { latestUs: -Infinity, releasedUs: -Infinity, lateRows: 0, open: [], rows: [] };
        entity.lanes.set(record.stream, lane);
      }
      for (const row of rowsOf(unpack([record.packed], record.stream, record.schema!))) {
        entity.latestUs = Math.max(entity.latestUs, row.timeUs);
        addRow(lane, prepared(row), step, giveTo(record.stream));
      }
    }
    for (const { latestUs, elapsedUs, lanes } of entities.values()) {
      for (const [stream, lane] of lanes) release(lane, latestUs + elapsedUs, step, giveTo(stream));
    }
  }
  let lateRows = 0;
  for (const { lanes } of entities.values()) for (const lane of lanes.values()) lateRows += lane.lateRows;
  return { rows: out, lateRows };
}

/** Adds a row to the windows it changes, which are late when there is none, and gives what that closes. */
function addRow(lane: Lane, row: Row, step: WindowStep, give: Give): void {
  const { kind } = step;
  const updates = step.emit === 'update';
  const cut = 'cut' in kind ? cutBy(lane, row) : null;
  if (cut && !updates) give({ ...cut, endUs: Math.max(cut.endUs, row.timeUs) });
  const changed =
    'tumblingUs' in kind
      ? gridWindows(lane, row, kind.tumblingUs, kind.tumblingUs, step)
      : 'hopping' in kind
        ? gridWindows(lane, row, kind.hopping.sizeUs, kind.hopping.stepUs, step)
        : 'slidingUs' in kind
          ? slidingWindows(lane, row, kind.slidingUs, step)
          : 'sessionUs' in kind
            ? sessions(lane, row, kind.sessionUs, step)
            : arrivalWindow(lane, row);
  if (changed.length === 0) lane.lateRows++;
  else lane.rows.push(row);
  lane.latestUs = Math.max(lane.latestUs, row.timeUs);
  for (const window of changed) {
    const dueUs = naturalDueUs(window, step);
    if (dueUs > lane.releasedUs) window.dueUs = dueUs;
    else if (window.dueUs === Infinity) window.dueUs = lane.releasedUs + step.idleUs;
    if (updates && (!('slidingUs' in kind) || window.endUs === row.timeUs)) give(window);
  }
  const watermarkUs = lane.latestUs - step.graceUs;
  for (const window of [...lane.open]) {
    const isFull = 'rows' in kind && window.rows.length === kind.rows;
    if (!isFull && closesUs(window, step) > watermarkUs) continue;
    lane.open.splice(lane.open.indexOf(window), 1);
    if (!updates && window.dueUs < Infinity) give(window);
  }
}

function release(lane: Lane, clockUs: number, step: WindowStep, give: Give): void {
  const due = lane.open.filter((window) => window.dueUs <= clockUs);
  if (due.length === 0 || step.emit === 'update') return;
  lane.releasedUs = Math.max(lane.releasedUs, clockUs);
  for (const window of due) {
    window.dueUs = Infinity;
    give(window);
  }
}

function naturalDueUs({ endUs }: Window, { kind, graceUs, idleUs }: WindowStep): number {
  return endUs + ('sessionUs' in kind ? kind.sessionUs : 0) + graceUs + idleUs;
}

/** The watermark at which a window closes; times are whole, so what slides closes one after its end. */
function closesUs({ endUs }: Window, { kind }: WindowStep): number {
  if ('sessionUs' in kind) return endUs + kind.sessionUs;
  if ('slidingUs' in kind) return endUs + 1;
  return 'rows' in kind || 'cut' in kind ? Infinity : endUs;
}

function gridWindows(lane: Lane, row: Row, sizeUs: number, stepUs: number, { graceUs }: WindowStep): Window[] {
  const changed: Window[] = [];
  for (let k = Math.floor((row.timeUs - sizeUs) / stepUs); k * stepUs <= row.timeUs; k++) {
    const startUs = k * stepUs;
    const endUs = startUs + sizeUs;
    if (endUs <= row.timeUs || endUs <= lane.latestUs - graceUs) continue;
    changed.push(windowAt(lane, startUs, endUs, []));
  }
  for (const window of changed) window.rows.push(row);
  return changed;
}

function slidingWindows(lane: Lane, row: Row, sizeUs: number, { graceUs, emit }: WindowStep): Window[] {
  const { timeUs } = row;
  const watermarkUs = lane.latestUs - graceUs;
  if (timeUs + sizeUs <= watermarkUs) return [];
  const changed = lane.open.filter(({ startUs, endUs }) => startUs < timeUs && timeUs <= endUs);
  for (const window of changed) window.rows.push(row);
  const hasOwn = changed.some(({ endUs }) => endUs === timeUs);
  if (hasOwn) return changed;
  // With updates only the rows of the last window are kept, also for a row that comes out of order.
  const sinceUs = (emit === 'update' ? Math.max(lane.latestUs, timeUs) : timeUs) - sizeUs;
  const rows = lane.rows.filter((other) => other.timeUs > sinceUs && other.timeUs <= timeUs);
  const own: Window = { startUs: timeUs - sizeUs, endUs: timeUs, rows: [...rows, row], dueUs: Infinity };
  if (timeUs >= watermarkUs) insert(lane, own);
  // Its own window is closed: the row counts in later ones only, but an update is given.
  return timeUs >= watermarkUs || emit === 'update' ? [...changed, own] : changed.length > 0 ? changed : [own];
}

function sessions(lane: Lane, row: Row, gapUs: number, { graceUs }: WindowStep): Window[] {
  const { timeUs } = row;
  const near = lane.open.filter(({ startUs, endUs }) => timeUs > startUs - gapUs && timeUs < endUs + gapUs);
  if (near.length === 0 && timeUs + gapUs <= lane.latestUs - graceUs) return [];
  const session: Window = { startUs: timeUs, endUs: timeUs, rows: [], dueUs: Infinity };
  for (const other of near) {
    lane.open.splice(lane.open.indexOf(other), 1);
    session.startUs = Math.min(session.startUs, other.startUs);
    session.endUs = Math.max(session.endUs, other.endUs);
    session.dueUs = Math.min(session.dueUs, other.dueUs);
    session.rows.push(...other.rows);
  }
  session.rows.push(row);
  insert(lane, session);
  return [session];
}

/** Takes away the open window when the column `cut` has another value than it; a null has none. */
function cutBy(lane: Lane, row: Row): Window | null {
  const [open] = lane.open;
  const values = open?.rows.map(({ cut }) => cut ?? null).filter((value) => value !== null) ?? [];
  if (!open || (row.cut ?? null) === null || values.length === 0 || values[0] === row.cut) return null;
  lane.open = [];
  return open;
}

function arrivalWindow(lane: Lane, row: Row): Window[] {
  const { timeUs } = row;
  const open = lane.open[0] ?? { startUs: timeUs, endUs: timeUs, rows: [], dueUs: Infinity };
  lane.open = [open];
  open.startUs = Math.min(open.startUs, timeUs);
  open.endUs = Math.max(open.endUs, timeUs);
  open.rows.push(row);
  return [open];
}

function windowAt(lane: Lane, startUs: number, endUs: number, rows: Row[]): Window {
  const known = lane.open.find((window) => window.startUs === startUs);
  return known ?? insert(lane, { startUs, endUs, rows, dueUs: Infinity });
}

function insert(lane: Lane, window: Window): Window {
  lane.open.push(window);
  lane.open.sort((a, b) => a.startUs - b.startUs);
  return window;
}
