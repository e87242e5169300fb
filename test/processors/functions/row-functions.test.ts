import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { batchFunction, rowFunction, statefulFunction } from '../../../processors/functions/function-definition.js';
import { type GraphOptions, PartitionGraph } from '../../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan } from '../../../processors/plan.js';
import { assertSameInAnyGrouping, event, plain, recordsOf } from '../random-records.js';
import { dataRecord, outputRows, type Row, runGrouped, schemaOf } from '../telemetry.js';
import { functionsOf, lettersOf, mapStep, streamsOf } from './with-functions.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 100);
const events = fc.array(event, { minLength: 1, maxLength: 50, size: 'max' });
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
const restores = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });

/** Does everything that a function may do, by the number `x`; some of its columns come late, or replace others. */
function everything(row: Row): unknown {
  const x = row.x as number;
  if (x % 11 === 0) return null;
  if (x % 13 === 0) throw new Error(`x is ${x}`);
  if (x % 7 === 0) return true;
  if (x % 5 === 0) return [{ part: 'a', x: -x }, true, { part: 'b', late: x % 2 === 0 }];
  if (x % 17 === 0) return { src: null, y: null };
  if (x % 19 === 0) return { y: 'no number' };
  return x % 3 === 0 ? { y: x * 2 } : { y: x / 2, big: BigInt(x) * 2n ** 60n, x: undefined };
}

/** The same from the definitions: what becomes of one row. The type of `y` is that of its first value in the lane. */
function everythingMade(row: Row, types: Map<string, string>): Row[] | 'fails' {
  let results: unknown;
  try {
    results = everything(row);
  } catch {
    return 'fails';
  }
  if (results === null) return [];
  const made = (Array.isArray(results) ? results : [results]).map((cells) => {
    const given = Object.entries(cells === true ? {} : (cells as Row)).filter(([, cell]) => cell !== undefined);
    return { ...row, ...Object.fromEntries(given) };
  });
  const learned = new Map(types);
  for (const cells of Array.isArray(results) ? results : [results]) {
    for (const [name, cell] of Object.entries(cells === true ? {} : (cells as Row))) {
      if (cell === undefined || cell === null || name in row) continue;
      if (!learned.has(name)) learned.set(name, typeof cell);
      if (learned.get(name) !== typeof cell) return 'fails';
    }
  }
  for (const each of made) if (typeof each.big === 'bigint' && BigInt.asIntN(64, each.big) !== each.big) return 'fails';
  for (const [name, type] of learned) types.set(name, type);
  return made;
}

const rows = { name: 'm', from: [{ pattern: 'car/{car}/imu' }], steps: [mapStep('all')] } as ProcessorPlan;
const all = functionsOf({ all: everything });

test('a function per row gives what an oracle gives from the definitions, in any grouping and across restores', () => {
  fc.assert(
    fc.property(events, sizes, restores, (given, cut, when) => {
      const records = recordsOf(given);
      const options: GraphOptions = { functions: all, onError: { m: 'skip' } };
      assertSameInAnyGrouping([rows], records, cut, when, options);
      const got = new Map<string, string[]>();
      for (const output of runGrouped(new PartitionGraph([rows], [], options), records, cut)) {
        // A cell that a function sets to null takes its row's `src` away: the lane names the stream as well.
        got.set(output.lane, [...(got.get(output.lane) ?? []), ...outputRows([output]).map(plain)]);
      }
      const wanted = new Map<string, string[]>();
      for (const [stream, its] of streamsOf(records, '/imu')) {
        const types = new Map<string, string>();
        const made = its.flatMap((row) => {
          const results = everythingMade(row, types);
          return results === 'fails' ? [] : results.map(plain);
        });
        if (made.length > 0) wanted.set(stream, made);
      }
      assert.deepEqual(new Map([...got].sort()), new Map([...wanted].sort()));
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('batches of any sizes one after the other lose no row, with columns of every kind', () => {
  const schema = schemaOf(['n', 'i64']);
  const of = rowFunction({
    columns: { y: 'f64', i: 'i32', l: 'i64', b: 'bool', t: 'utf8' },
    row: ({ n }) => ({ y: Number(n) / 2, i: Number(n), l: BigInt(Number(n)), b: Number(n) % 2 === 0, t: `t${n}` }),
  });
  const batches = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 300 })), {
    minLength: 2,
    maxLength: 6,
  });
  fc.assert(
    fc.property(batches, (counts) => {
      const graph = new PartitionGraph([rows], [], { functions: functionsOf({ all: of }), onError: { m: 'skip' } });
      let n = 0;
      const got = counts.flatMap((count) => {
        const given = Array.from({ length: count }, (): Row => ({ timeUs: T + n, n: n++ }));
        return outputRows(graph.run([dataRecord('car/1/imu', schema, given, 1e15)]));
      });
      assert.deepEqual(
        got,
        Array.from({ length: n }, (_, n) => ({
          timeUs: T + n,
          n,
          y: n / 2,
          i: n,
          l: n,
          b: n % 2 === 0,
          t: `t${n}`,
        })),
      );
    }),
    { numRuns: RUNS, examples: [[[100, 1, 40]]] },
  );
});

test('dead letters are the failing rows and no others, numbered and worded the same in any grouping and across restores', () => {
  fc.assert(
    fc.property(events, sizes, restores, (given, cut, when) => {
      const records = recordsOf(given);
      const options: GraphOptions = { functions: all, onError: { m: 'dead-letter' } };
      const letters = lettersOf([rows], records, [1], [false], options);
      assert.deepEqual(lettersOf([rows], records, cut, when, options), letters);
      let failing = 0;
      for (const its of streamsOf(records, '/imu').values()) {
        const types = new Map<string, string>();
        for (const row of its) if (everythingMade(row, types) === 'fails') failing++;
      }
      assert.equal(letters.length, failing);
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

const join: JoinStep = {
  verb: 'join',
  with: { processor: 'm' },
  how: 'backward',
  toleranceUs: null,
  waitUs: 700_000,
  keep: 'left',
  prefix: 'm_',
};

/** Graphs in which rows of functions come to joins and to other functions; `shift` gives times that go back. */
const chains: ProcessorPlan[][] = [
  [rows, { name: 'j', from: [{ pattern: 'car/{car}/position/gps' }], steps: [join] }],
  [{ ...rows, steps: [mapStep('all'), mapStep('count'), { ...join, with: { pattern: 'car/{car}/position/gps' } }] }],
  [
    { ...rows, steps: [mapStep('shift'), mapStep('count')] },
    { name: 'j', from: [{ processor: 'm' }, { pattern: 'car/{car}/aux' }], steps: [join, mapStep('count')] },
  ],
];
const chained = functionsOf({
  all: everything,
  count: statefulFunction({
    state: { rows: { type: 'i32', initial: 0 }, lastUs: 'f64', names: { type: 'json', initial: [] } },
    expire: '2s',
    row(row, state, { stream, key }) {
      state.rows = state.rows! + 1;
      if (state.rows % 6 === 0) throw new Error('the sixth');
      if (state.rows % 4 === 0) state.names = [...state.names, `${state.rows}`].slice(-3);
      const sinceUs = state.lastUs === null ? null : row.timeUs - state.lastUs;
      state.lastUs = row.timeUs;
      return { rows: state.rows, sinceUs, names: JSON.stringify(state.names), of: `${key} ${stream}` };
    },
  }),
  shift: rowFunction({
    ownTimes: true,
    row: (row) => [{ timeUs: row.timeUs - (row.x % 5) * 300_000 }, { timeUs: row.timeUs + 50_000, x: 0 }],
  }),
});

test('functions before and behind joins and other functions give the same rows in any grouping and across restores', () => {
  fc.assert(
    fc.property(events, fc.nat({ max: chains.length - 1 }), sizes, restores, (given, chain, cut, when) => {
      const options: GraphOptions = { functions: chained, onError: { m: 'skip', j: 'dead-letter' } };
      assertSameInAnyGrouping(chains[chain]!, recordsOf(given), cut, when, options);
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

const T = 1.7e15;
const imu = schemaOf(['speed', 'f32'], ['odd name', 'i16', 0.5, 1], ['wet', 'bool'], ['name', 'utf8']);

function mapped(of: unknown, given: Row[], schema = imu): Row[] {
  const graph = new PartitionGraph([rows], [], { functions: functionsOf({ all: of }) });
  return outputRows(graph.run([dataRecord('car/1/imu', schema, given, 1e15, { team: 'b' })]));
}

test('a function sees the cells, time, stream, key and tags of a row, and a copy of it is an object with its cells', () => {
  const seen: unknown[] = [];
  mapped(
    (row: Row & { get(name: string): unknown }, at: { stream: string; key: string; tags: object }) => {
      seen.push([{ ...row }, row.timeUs, row.get('odd name'), row.get('none'), at.stream, at.key, { ...at.tags }]);
    },
    [{ timeUs: T, speed: 1.5, 'odd name': 5, wet: true, name: 'n' }, { timeUs: T + 1 }],
  );
  const none = { speed: null, 'odd name': null, wet: null, name: null };
  const tags = { car: '1', team: 'b' };
  assert.deepEqual(seen, [
    [{ speed: 1.5, 'odd name': 3.5, wet: true, name: 'n' }, T, 3.5, null, 'car/1/imu', 'car/1', tags],
    [none, T + 1, null, null, 'car/1/imu', 'car/1', tags],
  ]);
});

test('declared columns have their types from the first row on, and reads that are missing are null', () => {
  const of = rowFunction({
    columns: { shift: 'bool', n: 'i16' },
    reads: { gear: 'i32' },
    row: (row) => (row.gear === null ? true : { n: 7 }),
  });
  const graph = new PartitionGraph([rows], [], { functions: functionsOf({ all: of }) });
  const [output] = graph.run([dataRecord('car/1/imu', imu, [{ timeUs: T, speed: 1 }], 1e15)]);
  const types = output!.batch.schema.fields.map(({ name, type }) => `${name} ${type}`);
  assert.deepEqual(types, ['speed f32', 'odd name i16', 'wet bool', 'name utf8', 'shift bool', 'n i16']);
});

const faults: [what: string, of: unknown, message: RegExp][] = [
  ['a type that changes', (row: Row) => ({ y: row.speed === 1 ? 1 : 'one' }), /column y is a text, where a number/],
  ['a number that does not fit', rowFunction({ columns: { n: 'u8' }, row: () => ({ n: 256 }) }), /column n is 256/],
  ['an object as a cell', () => ({ y: {} }), /column y is an object, which no column holds/],
  ['a number as a row', () => 5, /the function gave a number; a row is/],
  ['a promise', () => Promise.resolve({ y: 1 }), /the function gave a promise \(functions are synchronous\)/],
  ['a time of its own without ownTimes', () => ({ timeUs: 5 }), /ownTimes: true/],
  ['a time that is none', rowFunction({ ownTimes: true, row: () => ({ timeUs: 0.5 }) }), /timeUs is 0.5/],
  ['a column of another kind', rowFunction({ reads: { name: 'f64' }, row: () => true }), /column name holds texts/],
  ['a batch of another length', batchFunction({ batch: () => ({ y: [1] }) }), /column y has 1 cells for 2 rows/],
  ['a state that is too large', stateful('text', 'x'.repeat(65_537)), /state.text has 65537 bytes/],
  ['a large JSON state', stateful('json', ['x'.repeat(65_536)]), /state.json has 65540 bytes.*at most 65536/],
  ['a state changed in place', stateful('json', null), /Cannot add property 0, object is not extensible/],
  ['a field that is not declared', stateful('other' as 'text', 'x'), /Cannot add property other/],
];

function stateful(name: 'text' | 'json', value: unknown) {
  return statefulFunction({
    state: { text: 'utf8', json: { type: 'json', initial: [] } },
    row(_row, state) {
      if (value === null) state.json.push(1);
      state[name] = value as string;
      return true;
    },
  });
}

for (const [what, of, message] of faults) {
  test(`${what} is an error that names processor, step, module, row and record`, () => {
    const records = [
      dataRecord(
        'car/1/imu',
        imu,
        [
          { timeUs: T, speed: 1 },
          { timeUs: T + 1, speed: 2 },
        ],
        1e15,
      ),
    ];
    const graph = new PartitionGraph([rows], [], { functions: functionsOf({ all: of }) });
    assert.throws(
      () => graph.run(records),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(
          error.message,
          /^processor m, steps\[0\], map .*; at the row 20\d\d-.*timeUs 17\d+\) of car\/1\/imu/,
        );
        assert.ok(error.message.endsWith(`, of record ${records[0]!.offset}`), error.message);
        return true;
      },
    );
  });
}

for (const [what, made] of [
  ['row', (of: () => unknown) => rowFunction({ row: of as never })],
  ['batch', (of: () => unknown) => batchFunction({ batch: of as never })],
] as const) {
  test(`what no line of a module raises with the result of a ${what} stops the processor, though it skips rows`, () => {
    let calls = 0;
    const all = functionsOf({
      all: made(() => {
        calls++;
        if (calls <= 2) throw new Error('a fault of the function');
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      }),
    });
    const graph = new PartitionGraph([rows], [], { functions: all, onError: { m: 'skip' } });
    const record = (n: number) => dataRecord('car/1/imu', imu, [{ timeUs: T + n, speed: n }], 1e15);
    assert.deepEqual([graph.run([record(0)]), graph.run([record(1)]), graph.skippedRows], [[], [], 2]);
    assert.throws(() => graph.run([record(2)]), /revoked/);
  });
}

test('a function per batch reads columns with NaN for null and gives arrays in which NaN is null', () => {
  const of = batchFunction({
    columns: { fast: 'bool', none: 'utf8' },
    batch(batch) {
      const speed = batch.column('speed');
      return {
        kmh: speed.map((each) => each * 3.6),
        fast: [...speed].map((each) => each > 1),
        name: batch.cells('name'),
      };
    },
  });
  const given: Row[] = [{ timeUs: T, speed: 2.5, name: 'n' }, { timeUs: T + 1 }];
  assert.deepEqual(mapped(of, given), [
    { timeUs: T, speed: 2.5, 'odd name': null, wet: null, name: 'n', none: null, kmh: 9, fast: true },
    { timeUs: T + 1, speed: null, 'odd name': null, wet: null, name: null, none: null, kmh: null, fast: false },
  ]);
});

test('where a processor skips, a batch that its function fails for and a stream that a step cannot work on are left out', () => {
  const texts = schemaOf(['speed', 'utf8']);
  const graph = new PartitionGraph([{ ...rows, steps: [{ verb: 'columns', columns: { kmh: 'speed * 3.6' } }] }], [], {
    onError: { m: 'skip' },
  });
  const out = graph.run([
    dataRecord('car/1/imu', texts, [{ timeUs: T, speed: 'fast' }], 1e15),
    dataRecord('car/2/imu', imu, [{ timeUs: T, speed: 1 }], 1e15),
  ]);
  assert.deepEqual(
    out.map(({ stream }) => stream),
    ['m/car/2'],
  );
  assert.equal(graph.skippedRows, 1);
  assert.equal(graph.warnings.length, 1);
  assert.match(graph.warnings[0]!, /left out: processor m, steps\[0\]: columns.kmh.*car\/1\/imu/);
});
