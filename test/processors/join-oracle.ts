import type { InputRecord } from '../../processors/partition-graph.js';
import type { JoinStep } from '../../processors/plan.js';
import { unpack } from '../../schemas/data-block.js';
import { joinedOf, type Right } from './match-oracle.js';
import { type Row, rowsOf } from './telemetry.js';

interface OracleEntity {
  latestUs: number;
  elapsedUs: number;
  waiting: Map<string, Row[]>;
  /** Rows that left, for corrections. */
  left: Map<string, Row[]>;
  frontiers: Map<string, number>;
  right: Right[];
  rightFrontierUs: number;
  columns: Set<string>;
}

export interface OracleJoin {
  /** The rows of each left stream in their order. */
  rows: Map<string, Row[]>;
  corrected: number;
  /** The late rows of each right stream in their order. */
  late: Map<string, Row[]>;
}

/**
 * A join written from the definitions alone, record by record and row by row, quadratic, over plain objects: what the
 * engine must give for any grouping.
 */
export function oracleJoin(
  records: readonly InputRecord[],
  step: JoinStep,
  isLeft: (stream: string) => boolean,
  isRight: (stream: string) => boolean,
): OracleJoin {
  const entities = new Map<string, OracleEntity>();
  const out: OracleJoin = { rows: new Map(), corrected: 0, late: new Map() };
  let lastReceivedUs: number | null = null;
  let came = 0;
  for (const record of records) {
    const passedUs = lastReceivedUs === null ? 0 : Math.min(1_000_000, Math.max(0, record.receivedUs - lastReceivedUs));
    lastReceivedUs = record.receivedUs;
    for (const entity of entities.values()) entity.elapsedUs += passedUs;
    const left = isLeft(record.stream);
    const right = isRight(record.stream);
    const cameBefore = came;
    if (record.kind === 'data' && (left || right)) {
      let entity = entities.get(record.key);
      if (!entity) entities.set(record.key, (entity = newEntity()));
      entity.elapsedUs = 0;
      for (const row of rowsOf(unpack([record.packed!], record.stream, record.schema!))) {
        entity.latestUs = Math.max(entity.latestUs, row.timeUs);
        if (right) {
          if (isLate(entity, row.timeUs, step)) push(out.late, record.stream, { ...row, lateFrom: record.stream });
          entity.right.push({ row, came: came++ });
          entity.rightFrontierUs = Math.max(entity.rightFrontierUs, row.timeUs);
          for (const name of Object.keys(row)) if (name !== 'timeUs') entity.columns.add(name);
        }
        if (left) {
          insert(entity.waiting, record.stream, row);
          const frontier = entity.frontiers.get(record.stream) ?? -Infinity;
          entity.frontiers.set(record.stream, Math.max(frontier, row.timeUs));
        }
      }
      entity.right.sort((a, b) => a.row.timeUs - b.row.timeUs || a.came - b.came);
      if (step.late === 'correct' && right) correct(entity, step, cameBefore, out);
    }
    for (const entity of entities.values()) release(entity, step, out);
  }
  return out;
}

/** Whether a row that left would have met a right row of this time, had that come before. */
function isLate({ left, right, rightFrontierUs }: OracleEntity, timeUs: number, step: JoinStep): boolean {
  const { how, channels, between, waitUs, toleranceUs } = step;
  const hows: readonly string[] = [
    how,
    ...(['linear', 'step', 'angle'].includes(how) ? Object.values(channels ?? {}) : []),
  ];
  const looksAhead = hows.some((each) => ['forward', 'nearest', 'linear', 'angle'].includes(each));
  const rows = [...left.values()].flat();
  if (rows.some((row) => timeUs <= row.timeUs + (between?.toUs ?? 0))) {
    const isInOrder = timeUs >= rightFrontierUs;
    return (
      !isInOrder ||
      rows.some((row) => timeUs <= row.timeUs + (between?.toUs ?? 0) && !isSettled(row.timeUs, rightFrontierUs, step))
    );
  }
  return (
    looksAhead &&
    rows.some((row) => {
      const isNear = timeUs - row.timeUs <= Math.min(waitUs, toleranceUs ?? Infinity);
      return isNear && !right.some((other) => other.row.timeUs >= row.timeUs && other.row.timeUs <= timeUs);
    })
  );
}

function newEntity(): OracleEntity {
  return {
    latestUs: -Infinity,
    elapsedUs: 0,
    waiting: new Map(),
    left: new Map(),
    frontiers: new Map(),
    right: [],
    rightFrontierUs: -Infinity,
    columns: new Set(),
  };
}

function insert(queues: Map<string, Row[]>, stream: string, row: Row): void {
  const queue = queues.get(stream) ?? [];
  queues.set(stream, queue);
  const at = queue.findIndex((other) => other.timeUs > row.timeUs);
  queue.splice(at < 0 ? queue.length : at, 0, row);
}

/** Rows that left, and would be others with the right rows of this record, leave again. */
function correct(entity: OracleEntity, step: JoinStep, cameBefore: number, out: OracleJoin): void {
  const columns = [...entity.columns];
  const without = entity.right.filter(({ came }) => came < cameBefore);
  for (const [stream, rows] of entity.left) {
    for (const row of rows) {
      if (entity.latestUs >= row.timeUs + 2 * step.waitUs) continue;
      const before = joinedOf(row.timeUs, without, step, columns).map(({ from }) => String(from));
      for (const { cells, from } of joinedOf(row.timeUs, entity.right, step, columns)) {
        if (before.includes(String(from))) continue;
        out.corrected++;
        push(out.rows, stream, { ...row, ...cells });
      }
    }
  }
}

function release(entity: OracleEntity, step: JoinStep, out: OracleJoin): void {
  const clockUs = entity.latestUs + entity.elapsedUs;
  const columns = [...entity.columns];
  for (const [stream, waiting] of entity.waiting) {
    for (let row = waiting[0]; row; row = waiting[0]) {
      if (!isSettled(row.timeUs, entity.rightFrontierUs, step) && clockUs < row.timeUs + step.waitUs) break;
      waiting.shift();
      insert(entity.left, stream, row);
      for (const { cells } of joinedOf(row.timeUs, entity.right, step, columns)) {
        if (cells !== null || step.keep === 'left') push(out.rows, stream, { ...row, ...cells });
      }
    }
  }
  forget(entity, step);
}

function isSettled(timeUs: number, rightFrontierUs: number, { how, between }: JoinStep): boolean {
  if (how === 'forward') return rightFrontierUs >= timeUs;
  return rightFrontierUs > timeUs + (how === 'interval' ? between!.toUs : 0);
}

/**
 * What is too far behind the left side is forgotten, but for the last such row. Where a column holds its last cell
 * however old it is, that row takes over the cells of those before it.
 */
function forget(entity: OracleEntity, step: JoinStep): void {
  const left = Math.min(...entity.frontiers.values());
  if (left === Infinity) return;
  const backUs = step.how === 'interval' ? -step.between!.fromUs : (step.toleranceUs ?? 0);
  const horizonUs = left - step.waitUs * (step.late === 'correct' ? 2 : 1) - backUs;
  const old = entity.right.filter(({ row }) => row.timeUs <= horizonUs);
  const last = old.at(-1);
  if (!last) return;
  const row = { ...last.row };
  for (const name of entity.columns) {
    if ((step.channels?.[name] ?? step.how) !== 'step' || step.toleranceUs !== null) continue;
    for (const each of old) if ((each.row[name] ?? null) !== null) row[name] = each.row[name]!;
  }
  entity.right = [{ ...last, row }, ...entity.right.filter((each) => each.row.timeUs > horizonUs)];
}

function push(rows: Map<string, Row[]>, stream: string, row: Row): void {
  rows.set(stream, [...(rows.get(stream) ?? []), row]);
}
