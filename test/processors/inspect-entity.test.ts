import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entity } from '../../processors/entity.js';
import { entityKeys, entityState, partitionState } from '../../processors/graph-snapshot.js';
import { EntityInspector, type LaneView } from '../../processors/inspect-entity.js';
import { compileNodes } from '../../processors/node.js';
import { type InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { ReceiveClock } from '../../processors/receive-clock.js';
import { type StateStore, storeOf } from '../../processors/state-store.js';
import type { LaneState } from '../../processors/verbs/lane-state.js';
import { timeBoundsUs } from '../../schemas/data-block.js';
import { event, recordsOf } from './random-records.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);
const PLANS: ProcessorPlan[] = [
  {
    name: 'joined',
    from: [{ pattern: 'car/{car}/imu' }, { pattern: 'car/{car}/aux' }],
    steps: [
      { verb: 'columns', columns: { twice: 'x * 2' } },
      {
        verb: 'join',
        with: { pattern: 'car/{car}/position/#' },
        how: 'linear',
        toleranceUs: null,
        waitUs: 1e6,
        keep: 'left',
        prefix: 'r_',
      },
    ],
  },
  { name: 'behind', from: [{ processor: 'joined' }], steps: [{ verb: 'select', keep: ['x'] }] },
];

function saved(graph: PartitionGraph): StateStore {
  const store = new Map<string, Uint8Array>();
  for (const [key, value] of graph.snapshot()) if (value) store.set(key, value);
  return storeOf(store);
}

/** The rows of a stream among the records, and the last time. */
function fed(records: readonly InputRecord[], matches: (stream: string) => boolean) {
  const parts = records.filter(({ stream, packed }) => packed && matches(stream)).map(({ packed }) => packed!);
  return {
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    lastUs: Math.max(Number.NEGATIVE_INFINITY, ...parts.map((part) => timeBoundsUs(part)[1])),
  };
}

test('What is shown of a join adds up: rows that came have left, or wait, and the latest times are those that came.', () => {
  const property = fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), (events) => {
    const records = recordsOf(events);
    const graph = new PartitionGraph(PLANS);
    graph.run(records);
    const facts = saved(graph);
    const inspector = new EntityInspector(PLANS);
    const keys = new Set(records.filter(({ packed }) => packed).map(({ key }) => key));
    assert.deepEqual(new Set(entityKeys(facts)), keys);
    for (const key of ['car/0', 'car/1']) {
      const view = inspector.view('joined', key, facts, () => 7);
      const behind = inspector.view('behind', key, facts, () => null);
      assert.equal(view !== null, keys.has(key));
      if (!view || !behind) continue;
      const all = fed(records, (stream) => stream.startsWith(`${key}/`));
      const right = fed(records, (stream) => stream.startsWith(`${key}/position/`));
      assert.equal(view.latestUs, all.lastUs);
      assert.ok(view.clockUs! >= all.lastUs);
      for (const { stream, through, rows, steps } of view.lanes) {
        const left = fed(records, (name) => name === stream);
        assert.deepEqual([through, steps.length, steps[0]!.step, steps[0]!.verb], [[], 1, 1, 'join']);
        const { waiting, right: kept, lateRows } = steps[0] as unknown as Shown;
        assert.equal(lateRows, 7);
        assert.equal(rows + waiting.rows, left.rows);
        assert.equal(waiting.rows > 0, waiting.fromUs !== null);
        assert.ok(waiting.fromUs! <= waiting.toUs! && waiting.toUs! <= left.lastUs);
        assert.equal(kept?.latestUs ?? Number.NEGATIVE_INFINITY, right.lastUs);
        if (kept) assert.ok(kept.rows >= 1 && kept.rows <= right.rows && kept.toUs === right.lastUs);
        const after: LaneView | undefined = behind.lanes.find((lane: LaneView) => lane.stream === stream);
        if (rows > 0) assert.deepEqual(after, { stream, through: ['joined'], rows, steps: [] });
      }
    }
    assert.equal(
      inspector.view('joined', 'car', facts, () => 0),
      null,
    );
  });
  fc.assert(property, { numRuns: RUNS });
});

interface Shown {
  waiting: { rows: number; fromUs: number | null; toUs: number | null };
  right: { rows: number; toUs: number; latestUs: number } | null;
  lateRows: number;
}

test('A step with state is shown by its own words, for each lane the pieces of that lane and entity alone.', () => {
  const plans: ProcessorPlan[] = [{ name: 'p', from: [{ pattern: '#' }], steps: [{ verb: 'filter', where: 'true' }] }];
  const compiled = compileNodes(plans, 1, () => {}, null);
  const context = { processor: 'p', step: 0, functions: null, warn() {} };
  const operator = {
    context,
    dueOf: () => Number.POSITIVE_INFINITY,
    create: () => assert.fail(),
    restore: () => assert.fail(),
    describe: (pieces: ReadonlyMap<string, Uint8Array>) => ({
      open: [...pieces].map(([name, value]) => `${name}=${Buffer.from(value)}`).sort(),
    }),
  };
  compiled.states.push({ operator, node: 0, direct: false, shiftUs: 0, feedsJoin: false, feedsState: false });
  compiled.nodes[0]!.stages = [{ state: 0 }];
  const store = new Map<string, Uint8Array>();
  const [name, value] = partitionState('hash', new ReceiveClock(), '');
  store.set(name, value);
  // Keys of entities that end alike must not be taken for one another.
  for (const key of ['a/b', 'b', 'x/a/b']) {
    const entity = new Entity(key, 1, [], 1);
    entity.latestUs = 5;
    for (const stream of ['one', 'two']) {
      const lane = entity.lane(0, `${key}/${stream}`, {}, {}, 3);
      const changes = () => [
        ['w.1', Buffer.from(`${key} ${stream}`)] as [string, Uint8Array],
        ['w-2', Buffer.from('!')] as [string, Uint8Array],
      ];
      entity.states[0]!.set(lane, { changes } as unknown as LaneState);
    }
    for (const [fact, bytes] of entityState(entity, [], compiled.states)) if (bytes) store.set(fact, bytes);
  }
  const lanes = (inspector: EntityInspector) => inspector.view('p', 'b', storeOf(store), () => null)!.lanes;
  assert.deepEqual(lanes(new EntityInspector(plans, compiled)), [
    { stream: 'b/one', through: [], rows: 3, steps: [{ step: 0, verb: 'filter', open: ['w-2=!', 'w.1=b one'] }] },
    { stream: 'b/two', through: [], rows: 3, steps: [{ step: 0, verb: 'filter', open: ['w-2=!', 'w.1=b two'] }] },
  ]);
  Object.assign(operator, { describe: undefined });
  assert.deepEqual(lanes(new EntityInspector(plans, compiled))[0]!.steps, [
    { step: 0, verb: 'filter', pieces: 2, bytes: 6 },
  ]);
});

test('Late rows are counted by step.', () => {
  const graph = new PartitionGraph(PLANS);
  const events = [0, 0, -1500].map((jumpMs) => {
    return { kind: 'imu' as const, car: 0, stepsMs: [0], jumpMs, receivedMs: 3000, schema: 0, tag: 0, nulls: 0 };
  });
  const [first, second, late] = recordsOf(events);
  const ticks = recordsOf(
    Array.from({ length: 3 }, () => ({ ...events[0]!, kind: 'tick' as const, receivedMs: 1000 })),
  );
  graph.run([first!, second!]);
  graph.run(ticks.map((tick, i) => ({ ...tick, receivedUs: second!.receivedUs + (i + 1) * 1e6 })));
  assert.equal(graph.lateRowsOf('car/0', 'joined', 1, 'car/0/imu'), 0);
  graph.run([late!]);
  assert.equal(graph.lateRowsOf('car/0', 'joined', 1, 'car/0/imu'), 1);
  for (const [key, processor, step] of [
    ['car/0', 'joined', 0],
    ['car/9', 'joined', 1],
    ['car/0', 'x', 1],
  ] as const) {
    assert.equal(graph.lateRowsOf(key, processor, step, 'car/0/imu'), 0);
  }
});
