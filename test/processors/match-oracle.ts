import type { JoinStep } from '../../processors/plan.js';
import type { Cell, Row } from './telemetry.js';

/** A right row, numbered in the order of coming. */
export interface Right {
  row: Row;
  came: number;
}

/** What a left row leaves as, each with the right rows its cells are from; `cells` is null where nothing matches. */
export interface Joined {
  cells: Record<string, Cell> | null;
  from: number[];
}

/**
 * What a left row at a time gives, from the definitions alone: over all right rows, in order of time and coming. `columns`
 * are those the right side has.
 */
export function joinedOf(
  timeUs: number,
  right: readonly Right[],
  step: JoinStep,
  columns: readonly string[],
): Joined[] {
  if (step.how === 'interval') {
    const { fromUs, toUs } = step.between!;
    const met = right.filter(({ row }) => row.timeUs >= timeUs + fromUs && row.timeUs <= timeUs + toUs);
    return met.length === 0 ? [{ cells: null, from: [] }] : met.map((each) => whole(each, step, columns));
  }
  const at = (each: Right | undefined) => each && Math.abs(each.row.timeUs - timeUs) <= (step.toleranceUs ?? Infinity);
  const before = right.filter(({ row }) => row.timeUs <= timeUs).at(-1);
  const after = right.find(({ row }) => row.timeUs > timeUs);
  const none: Joined = { cells: null, from: [] };
  if (step.how === 'backward') return [at(before) ? whole(before!, step, columns) : none];
  if (step.how === 'forward') {
    const next = right.find(({ row }) => row.timeUs >= timeUs);
    return [at(next) ? whole(next!, step, columns) : none];
  }
  if (step.how === 'nearest') {
    const back = before ? timeUs - before.row.timeUs : Infinity;
    const nearer = after && after.row.timeUs - timeUs < back ? after : before;
    return [at(nearer) ? whole(nearer!, step, columns) : none];
  }
  const cells: Record<string, Cell> = {};
  const from: number[] = [];
  let any = false;
  for (const name of columns) {
    const how = step.channels?.[name] ?? step.how;
    const cell = how === 'step' ? held(name) : between(name, how);
    cells[step.prefix + name] = cell;
  }
  const hows = [step.how, ...Object.values(step.channels ?? {})];
  if (hows.includes('step') && at(before)) {
    any = true;
    from.push(before!.came);
  }
  if (hows.some((how) => how !== 'step') && neighbours()) {
    any = true;
    from.push(before!.came, before!.row.timeUs === timeUs ? before!.came : after!.came);
  }
  return [any ? { cells, from } : none];

  function held(name: string): Cell {
    const last = right
      .filter((each) => each.row.timeUs <= timeUs && at(each) && (each.row[name] ?? null) !== null)
      .at(-1);
    if (!last) return null;
    from.push(last.came);
    return last.row[name]!;
  }

  function neighbours(): boolean {
    if (before?.row.timeUs === timeUs) return true;
    if (!before || !after || !at(before) || !at(after)) return false;
    return after.row.timeUs - before.row.timeUs <= (step.maxGapUs ?? Infinity);
  }

  function between(name: string, how: string): Cell {
    if (!neighbours()) return null;
    const a = before!.row[name] ?? null;
    if (a === null || typeof a === 'string' || typeof a === 'boolean') return a;
    const isExact = before!.row.timeUs === timeUs;
    const b = isExact ? a : (after!.row[name] ?? null);
    if (b === null) return null;
    const part = isExact ? 0 : (timeUs - before!.row.timeUs) / (after!.row.timeUs - before!.row.timeUs);
    if (how === 'linear') return Number(a) * (1 - part) + Number(b) * part;
    // The way from a to b, up or down, that is not longer than half a turn; up when both are.
    let up = Number(b) - Number(a);
    while (up < 0) up += 360;
    while (up >= 360) up -= 360;
    let angle = Number(a) + (up <= 180 ? up : up - 360) * part;
    while (angle < 0) angle += 360;
    while (angle >= 360) angle -= 360;
    return angle;
  }
}

function whole({ row, came }: Right, step: JoinStep, columns: readonly string[]): Joined {
  const cells: Record<string, Cell> = {};
  for (const name of columns) cells[step.prefix + name] = row[name] ?? null;
  if (step.time !== undefined) cells[step.time] = row.timeUs;
  return { cells, from: [came] };
}
