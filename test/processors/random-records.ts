import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type GraphOptions,
  type InputRecord,
  PartitionGraph,
  type ProcessorOutput,
} from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { type StateStore, storeOf } from '../../processors/state-store.js';
import { dataRecord, type Row, rowsOf, runGrouped, schemaOf, tickRecord } from './telemetry.js';

const MS = 1000;
const LEFT = [schemaOf(['src', 'utf8'], ['x', 'f64']), schemaOf(['src', 'utf8'], ['x', 'f64'], ['more', 'i32'])];
const RIGHT = [
  schemaOf(['speed', 'f64'], ['gear', 'i16', 0.5, 1], ['wet', 'bool'], ['name', 'utf8']),
  schemaOf(['name', 'utf8'], ['speed', 'f64'], ['gear', 'i16', 0.5, 1], ['wet', 'bool'], ['late', 'i64']),
];

/** A record of a generated partition: of one of two cars, with a left or a right stream, a tick, or one nobody reads. */
export interface Event {
  kind: 'imu' | 'aux' | 'gps' | 'gnss' | 'tick' | 'unread';
  car: number;
  stepsMs: number[];
  jumpMs: number;
  receivedMs: number;
  schema: number;
  tag: number;
  nulls: number;
}

/** Mostly ascending, with equal stamps, steps back, pauses, ticks, nulls, and columns and tags that come and go. */
export const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom('imu', 'imu', 'imu', 'aux', 'gps', 'gps', 'gps', 'gnss', 'tick', 'unread'),
  car: fc.integer({ min: 0, max: 1 }),
  stepsMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 4 }),
  jumpMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: -1500, max: 0 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 4000 }) },
  ),
  receivedMs: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: -50, max: 3000 }) },
  ),
  schema: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  tag: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  nulls: fc.integer({ min: 0, max: 30 }),
});

export function recordsOf(events: readonly Event[]): InputRecord[] {
  const clocks = new Map<string, number>();
  let receivedUs = 1e15;
  let value = 0;
  return events.map(({ kind, car, stepsMs, jumpMs, receivedMs, schema, tag, nulls }) => {
    receivedUs += receivedMs * MS;
    if (kind === 'tick') return tickRecord(receivedUs);
    const isLeft = kind === 'imu' || kind === 'aux';
    const stream = isLeft ? `car/${car}/${kind}` : `car/${car}/position/${kind}`;
    let timeUs = (clocks.get(stream) ?? 1e15) + jumpMs * MS;
    const rows = stepsMs.map((stepMs, i): Row => {
      timeUs += stepMs * MS;
      value++;
      const row: Row = { timeUs, src: stream, x: value, more: value % 7, speed: value * 1.5, gear: value % 9 };
      Object.assign(row, { wet: value % 3 === 0, name: `n${value % 5}`, late: value });
      if (((nulls >> i) & 1) === 1) Object.assign(row, { speed: null, name: null });
      return row;
    });
    clocks.set(stream, Math.max(clocks.get(stream) ?? 0, timeUs));
    const schemas = isLeft ? LEFT : RIGHT;
    const record = dataRecord(stream, schemas[schema]!, rows, receivedUs, tag === 0 ? {} : { team: 'b' });
    return kind === 'unread' ? { ...record, packed: null, schema: null } : record;
  });
}

/** The rows of each processor's lanes in their order, nulls left out, with what the tags were. */
export function lanesOf(outputs: readonly ProcessorOutput[]): Map<string, string[]> {
  const lanes = new Map<string, string[]>();
  for (const { processor, key, tags, batch, lane, firstRow } of outputs) {
    const name = `${processor} ${key} ${lane}`;
    const rows = lanes.get(name) ?? [];
    assert.equal(firstRow, rows.length, `the rows of ${name} are numbered one after the other`);
    lanes.set(name, [...rows, ...rowsOf(batch).map((row) => plain(row) + JSON.stringify(tags))]);
  }
  return lanes;
}

/** A row as text, without its nulls. */
export function plain(row: Row): string {
  const cells = Object.entries(row).filter(([, cell]) => cell !== null);
  return JSON.stringify(cells.map(([name, cell]) => [name, String(cell)]).sort());
}

/**
 * Runs the records one by one, grouped by `sizes`, and grouped with a snapshot after each group, entities left to the store
 * where nothing waits in them, and a restore where `restores` says so (both used in turn), and holds that the rows and
 * tags of each lane are the same. Gives the rows.
 */
export function assertSameInAnyGrouping(
  plans: readonly ProcessorPlan[],
  records: readonly InputRecord[],
  sizes: readonly number[],
  restores: readonly boolean[],
  options: GraphOptions = {},
): Map<string, string[]> {
  const oneByOne = lanesOf(runGrouped(new PartitionGraph(plans, [], options), records, [1]));
  assert.deepEqual(lanesOf(runGrouped(new PartitionGraph(plans, [], options), records, sizes)), oneByOne);

  const store = new Map<string, Uint8Array>();
  const live: StateStore = { under: (prefix) => storeOf(store).under(prefix) };
  const out: ProcessorOutput[] = [];
  let graph = new PartitionGraph(plans, live, { ...options, idleEntitiesMax: 1 });
  for (let at = 0, turn = 0; at < records.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    out.push(...graph.run(records.slice(at, at + size)));
    at += size;
    for (const [key, value] of graph.snapshot()) {
      if (value === null) store.delete(key);
      else store.set(key, Uint8Array.from(value));
    }
    if (restores[turn % restores.length]) graph = new PartitionGraph(plans, live, { ...options, idleEntitiesMax: 1 });
  }
  assert.deepEqual(lanesOf(out), oneByOne);
  return oneByOne;
}
