import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type InputRecord, PartitionGraph } from '../../../processors/partition-graph.js';
import type { Step } from '../../../processors/plan.js';
import { unpack } from '../../../schemas/data-block.js';
import { type Event, event, plain } from '../random-records.js';
import { type Row, rowsOf, runGrouped } from '../telemetry.js';

/** One lane of a step, written from its definition, row by row over plain objects. */
export interface OracleLane {
  readonly out: Row[];
  add(row: Row): void;
  /** What the clock of the entity makes leave. */
  release(clockUs: number): void;
}

interface OracleEntity {
  latestUs: number;
  elapsedUs: number;
  lanes: Map<string, OracleLane>;
}

/** Runs a step over positions without a graph: record by record, with the clock as the documentation has it. Gives each stream's rows. */
function oracleRows(records: readonly InputRecord[], makeLane: () => OracleLane): Map<string, Row[]> {
  const entities = new Map<string, OracleEntity>();
  let lastReceivedUs: number | null = null;
  for (const record of records) {
    const passedUs = lastReceivedUs === null ? 0 : Math.min(1_000_000, Math.max(0, record.receivedUs - lastReceivedUs));
    lastReceivedUs = record.receivedUs;
    for (const entity of entities.values()) entity.elapsedUs += passedUs;
    if (record.kind === 'data' && record.packed && record.stream.includes('/position/')) {
      const entity = entities.get(record.key) ?? { latestUs: -Infinity, elapsedUs: 0, lanes: new Map() };
      entities.set(record.key, entity);
      entity.elapsedUs = 0;
      const lane = entity.lanes.get(record.stream) ?? makeLane();
      entity.lanes.set(record.stream, lane);
      for (const row of rowsOf(unpack([record.packed], record.stream, record.schema!))) {
        entity.latestUs = Math.max(entity.latestUs, row.timeUs);
        lane.add(row);
      }
    }
    for (const { lanes, latestUs, elapsedUs } of entities.values()) {
      for (const lane of lanes.values()) lane.release(latestUs + elapsedUs);
    }
  }
  return new Map([...entities.values()].flatMap(({ lanes }) => [...lanes].map(([name, { out }]) => [name, out])));
}

const tick: Event = { kind: 'tick', car: 0, stepsMs: [], jumpMs: 0, receivedMs: 1000, schema: 0, tag: 0, nulls: 0 };

/** Records of both cars, with silences long enough for whatever waits for the clock. */
export const events: fc.Arbitrary<Event[]> = fc
  .array(
    fc.oneof(
      { weight: 14, arbitrary: event.map((one) => [one]) },
      { weight: 1, arbitrary: fc.integer({ min: 4, max: 9 }).map((count): Event[] => Array(count).fill(tick)) },
    ),
    { minLength: 1, maxLength: 50, size: 'max' },
  )
  .map((parts) => parts.flat());

export const groupSizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
export const restorePoints = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });

/**
 * Runs the records of positions through one step, in groups of these sizes, and holds that each lane gives the rows of its
 * oracle. Gives the graph.
 */
export function assertOracle(
  records: readonly InputRecord[],
  step: Step,
  sizes: readonly number[],
  makeLane: () => OracleLane,
  shown: (row: Row) => string = plain,
): PartitionGraph {
  const graph = new PartitionGraph([{ name: 'p', from: [{ pattern: 'car/{car}/position/+' }], steps: [step] }]);
  const expected = oracleRows(records, makeLane);
  const got = new Map<string, string[]>();
  for (const { lane, batch } of runGrouped(graph, records, sizes)) {
    got.set(lane, [...(got.get(lane) ?? []), ...rowsOf(batch).map(shown)]);
  }
  const wanted = [...expected].flatMap(([lane, rows]) => (rows.length > 0 ? [[lane, rows.map(shown)] as const] : []));
  assert.deepEqual(new Map([...got].sort()), new Map([...wanted].sort()));
  return graph;
}
