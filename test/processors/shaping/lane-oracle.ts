import fc from 'fast-check';
import type { InputRecord } from '../../../processors/partition-graph.js';
import { unpack } from '../../../schemas/data-block.js';
import { type Event, event } from '../random-records.js';
import { type Row, rowsOf } from '../telemetry.js';

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

/** Runs a step without a graph: record by record, with the clock as the documentation has it. Gives each stream's rows. */
export function oracleRows(
  records: readonly InputRecord[],
  isRead: (stream: string) => boolean,
  makeLane: () => OracleLane,
): Map<string, Row[]> {
  const entities = new Map<string, OracleEntity>();
  let lastReceivedUs: number | null = null;
  for (const record of records) {
    const passedUs = lastReceivedUs === null ? 0 : Math.min(1_000_000, Math.max(0, record.receivedUs - lastReceivedUs));
    lastReceivedUs = record.receivedUs;
    for (const entity of entities.values()) entity.elapsedUs += passedUs;
    if (record.kind === 'data' && record.packed && isRead(record.stream)) {
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
