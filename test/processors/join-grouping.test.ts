import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type InputRecord, PartitionGraph, type ProcessorOutput } from '../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan } from '../../processors/plan.js';
import { oracleJoin } from './join-oracle.js';
import { dataRecord, outputRows, type Row, rowsOf, runGrouped, schemaOf, tickRecord } from './telemetry.js';

const MS = 1000;
const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 600);
const LEFT = [schemaOf(['src', 'utf8'], ['x', 'f64']), schemaOf(['src', 'utf8'], ['x', 'f64'], ['more', 'i32'])];
const RIGHT = [
  schemaOf(['speed', 'f64'], ['gear', 'i16', 0.5, 1], ['wet', 'bool'], ['name', 'utf8']),
  schemaOf(['name', 'utf8'], ['speed', 'f64'], ['gear', 'i16', 0.5, 1], ['wet', 'bool'], ['late', 'i64']),
];

interface Event {
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
const event: fc.Arbitrary<Event> = fc.record({
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

function recordsOf(events: readonly Event[]): InputRecord[] {
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

const joinStep: fc.Arbitrary<JoinStep> = fc.record({
  verb: fc.constant('join' as const),
  with: fc.constant({ pattern: 'car/{car}/position/gps' }),
  how: fc.constantFrom('backward', 'nearest', 'linear'),
  toleranceUs: fc.constantFrom(null, 0, 200 * MS, 2000 * MS),
  waitUs: fc.constantFrom(0, 100 * MS, 700 * MS, 5000 * MS),
  keep: fc.constantFrom('inner', 'left'),
  prefix: fc.constant('r_'),
});

/** The rows of each processor and left stream in their order, nulls left out, with what the tags were. */
function lanesOf(outputs: readonly ProcessorOutput[]): Map<string, string[]> {
  const lanes = new Map<string, string[]>();
  for (const { processor, key, tags, batch } of outputs) {
    for (const row of rowsOf(batch)) {
      const lane = `${processor} ${key} ${row.src} ${row.via}`;
      lanes.set(lane, [...(lanes.get(lane) ?? []), plain(row) + JSON.stringify(tags)]);
    }
  }
  return lanes;
}

function plain(row: Row): string {
  const cells = Object.entries(row).filter(([, cell]) => cell !== null);
  return JSON.stringify(cells.map(([name, cell]) => [name, String(cell)]).sort());
}

function joinPlan(step: JoinStep, from = 'car/{car}/imu', name = 'j'): ProcessorPlan {
  return { name, from: [{ pattern: from }], steps: [step] };
}

test('a join gives the rows of an oracle written from the definitions, however the records are grouped', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      joinStep,
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      (events, step, sizes, twoLeft, twoRight) => {
        const plan = joinPlan(
          { ...step, with: { pattern: twoRight ? 'car/{car}/position/+' : 'car/{car}/position/gps' } },
          'car/{car}/imu',
        );
        if (twoLeft) plan.from.push({ pattern: 'car/{car}/aux' });
        const records = recordsOf(events);
        const isLeft = (stream: string) => stream.endsWith('/imu') || (twoLeft && stream.endsWith('/aux'));
        const isRight = (stream: string) => stream.endsWith('/gps') || (twoRight && stream.endsWith('/gnss'));
        const expected = oracleJoin(records, step, isLeft, isRight);
        const outputs = runGrouped(new PartitionGraph([plan]), records, sizes);
        const got = new Map<string, string[]>();
        for (const row of outputRows(outputs)) got.set(`${row.src}`, [...(got.get(`${row.src}`) ?? []), plain(row)]);
        const wanted = new Map([...expected].map(([stream, rows]) => [stream, rows.map(plain)]));
        assert.deepEqual(new Map([...got].sort()), new Map([...wanted].sort()));
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

/** Graphs whose joins feed one another in every way there is. */
function chains(step: JoinStep): ProcessorPlan[][] {
  const first = joinPlan(step, 'car/{car}/imu', 'first');
  const again = { ...step, waitUs: step.waitUs / 2 + 50 * MS, prefix: 'q_' };
  return [
    [{ ...first, steps: [step, { ...again, with: { pattern: 'car/{car}/position/gnss' } }] }],
    [
      first,
      {
        name: 'second',
        from: [{ processor: 'first' }],
        steps: [{ ...again, with: { pattern: 'car/{car}/position/gnss' } }],
      },
    ],
    [
      first,
      { name: 'second', from: [{ pattern: 'car/{car}/aux' }], steps: [{ ...again, with: { processor: 'first' } }] },
    ],
    [
      {
        ...first,
        from: [{ pattern: 'car/{car}/imu' }, { pattern: 'car/{car}/aux' }],
        steps: [step, { verb: 'columns', columns: { via: "'first'" } }],
      },
      {
        name: 'second',
        from: [{ pattern: 'car/{car}/imu' }, { processor: 'first' }],
        steps: [{ ...again, with: { processor: 'first' } }],
      },
    ],
    [
      {
        ...first,
        steps: [
          { ...step, with: { pattern: 'car/{car}/position/+' } },
          { ...again, with: { pattern: 'car/{car}/+' } },
        ],
      },
    ],
    [
      {
        name: 'even',
        from: [{ pattern: 'car/{car}/position/gps' }],
        steps: [{ verb: 'filter', where: 'speed % 2 < 1 and not wet' }],
      },
      {
        ...first,
        steps: [
          { verb: 'columns', columns: { y: 'x * 2' } },
          { ...step, with: { processor: 'even' } },
          { verb: 'filter', where: 'y % 6 != 0' },
          again,
        ],
      },
    ],
  ];
}

test('chains of joins give the same rows and tags record by record, in any grouping, and across restores at any point', () => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      joinStep,
      fc.nat({ max: 5 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      (events, step, chain, sizes, restores) => {
        const plans = chains(step)[chain]!;
        const records = recordsOf(events);
        const oneByOne = lanesOf(runGrouped(new PartitionGraph(plans), records, [1]));
        assert.deepEqual(lanesOf(runGrouped(new PartitionGraph(plans), records, sizes)), oneByOne);

        const store = new Map<string, Uint8Array>();
        const out: ProcessorOutput[] = [];
        let graph = new PartitionGraph(plans);
        for (let at = 0, turn = 0; at < records.length; turn++) {
          const size = sizes[turn % sizes.length]!;
          out.push(...graph.run(records.slice(at, at + size)));
          at += size;
          for (const [key, value] of graph.snapshot()) {
            if (value === null) store.delete(key);
            else store.set(key, Uint8Array.from(value));
          }
          if (restores[turn % restores.length]) graph = new PartitionGraph(plans, store);
        }
        assert.deepEqual(lanesOf(out), oneByOne);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
