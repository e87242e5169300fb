import type { InputRecord } from '../../processors/partition-graph.js';
import type { JoinStep } from '../../processors/plan.js';
import { unpack } from '../../schemas/data-block.js';
import { type Cell, type Row, rowsOf } from './telemetry.js';

interface Right {
  row: Row;
  came: number;
}

interface OracleEntity {
  latestUs: number;
  elapsedUs: number;
  waiting: Map<string, Row[]>;
  frontiers: Map<string, number>;
  right: Right[];
  rightFrontierUs: number;
}

/**
 * A join written from the definitions alone, record by record and row by row, quadratic, over plain objects: what the
 * engine must give for any grouping. Gives the rows of each left stream in their order.
 */
export function oracleJoin(
  records: readonly InputRecord[],
  step: JoinStep,
  isLeft: (stream: string) => boolean,
  isRight: (stream: string) => boolean,
): Map<string, Row[]> {
  const entities = new Map<string, OracleEntity>();
  const out = new Map<string, Row[]>();
  let lastReceivedUs: number | null = null;
  let came = 0;
  for (const record of records) {
    const passedUs = lastReceivedUs === null ? 0 : Math.min(1_000_000, Math.max(0, record.receivedUs - lastReceivedUs));
    lastReceivedUs = record.receivedUs;
    for (const entity of entities.values()) entity.elapsedUs += passedUs;
    const left = isLeft(record.stream);
    const right = isRight(record.stream);
    if (record.kind === 'data' && (left || right)) {
      let entity = entities.get(record.key);
      if (!entity) {
        entity = {
          latestUs: -Infinity,
          elapsedUs: 0,
          waiting: new Map(),
          frontiers: new Map(),
          right: [],
          rightFrontierUs: -Infinity,
        };
        entities.set(record.key, entity);
      }
      entity.elapsedUs = 0;
      for (const row of rowsOf(unpack([record.packed!], record.stream, record.schema!))) {
        entity.latestUs = Math.max(entity.latestUs, row.timeUs);
        if (right) {
          entity.right.push({ row, came: came++ });
          entity.rightFrontierUs = Math.max(entity.rightFrontierUs, row.timeUs);
        }
        if (left) {
          const waiting = entity.waiting.get(record.stream) ?? [];
          entity.waiting.set(record.stream, waiting);
          const at = waiting.findIndex((other) => other.timeUs > row.timeUs);
          waiting.splice(at < 0 ? waiting.length : at, 0, row);
          const frontier = entity.frontiers.get(record.stream) ?? -Infinity;
          entity.frontiers.set(record.stream, Math.max(frontier, row.timeUs));
        }
      }
      entity.right.sort((a, b) => a.row.timeUs - b.row.timeUs || a.came - b.came);
    }
    for (const entity of entities.values()) release(entity, step, out);
  }
  return out;
}

function release(entity: OracleEntity, step: JoinStep, out: Map<string, Row[]>): void {
  const clockUs = entity.latestUs + entity.elapsedUs;
  for (const [stream, waiting] of entity.waiting) {
    for (let row = waiting[0]; row; row = waiting[0]) {
      const settled = entity.rightFrontierUs > row.timeUs;
      const expired = clockUs >= row.timeUs + step.waitUs;
      if (!settled && !expired) break;
      waiting.shift();
      const match = matchOf(row.timeUs, entity.right, step);
      if (match === null && step.keep === 'inner') continue;
      const joined: Row = { ...row };
      for (const name in match) if (name !== 'timeUs') joined[step.prefix + name] = match[name]!;
      out.set(stream, [...(out.get(stream) ?? []), joined]);
    }
  }
  // What is further back than wait and tolerance behind the left side is forgotten, but for the last such row.
  const left = Math.min(...entity.frontiers.values());
  const horizonUs = left - step.waitUs - (step.toleranceUs ?? 0);
  if (left < Infinity) {
    const old = entity.right.filter(({ row }) => row.timeUs <= horizonUs);
    entity.right = [...old.slice(-1), ...entity.right.filter(({ row }) => row.timeUs > horizonUs)];
  }
}

function matchOf(timeUs: number, right: readonly Right[], step: JoinStep): Record<string, Cell> | null {
  const toleranceUs = step.toleranceUs ?? Infinity;
  const before = right.filter(({ row }) => row.timeUs <= timeUs).at(-1)?.row;
  const after = right.find(({ row }) => row.timeUs > timeUs)?.row;
  const back = before ? timeUs - before.timeUs : Infinity;
  const ahead = after ? after.timeUs - timeUs : Infinity;
  if (step.how === 'backward') return before && back <= toleranceUs ? before : null;
  if (step.how === 'nearest') {
    const nearer = before && back <= ahead ? before : after;
    return nearer && Math.min(back, ahead) <= toleranceUs ? nearer : null;
  }
  if (before && back === 0) return before;
  if (!before || !after || back > toleranceUs || ahead > toleranceUs) return null;
  const joined: Record<string, Cell> = {};
  for (const name in before) {
    const a = before[name]!;
    const b = after[name] ?? null;
    if (typeof a === 'string' || typeof a === 'boolean') joined[name] = a;
    else if (typeof b === 'string' || typeof b === 'boolean') joined[name] = a;
    else joined[name] = a === null || b === null ? null : Number(a) + (Number(b) - Number(a)) * (back / (back + ahead));
  }
  return joined;
}
