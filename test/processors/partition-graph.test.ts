import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PitwallError } from '../../core/errors.js';
import { RIGHT_ROWS_MAX } from '../../processors/joining/join-state.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { JoinStep, ProcessorPlan } from '../../processors/plan.js';
import { dataRecord, outputRows, type Row, schemaOf, tickRecord } from './telemetry.js';

const IMU = schemaOf(['ax', 'f64']);
const GPS = schemaOf(['speed', 'f64']);
const S = 1_000_000;

function imu(receivedUs: number, ...rows: [timeUs: number, ax: number][]) {
  return dataRecord(
    'car/44/imu',
    IMU,
    rows.map(([timeUs, ax]) => ({ timeUs, ax })),
    receivedUs,
  );
}

function gps(receivedUs: number, ...rows: [timeUs: number, speed: number][]) {
  return dataRecord(
    'car/44/gps',
    GPS,
    rows.map(([timeUs, speed]) => ({ timeUs, speed })),
    receivedUs,
  );
}

function joined(step: Partial<JoinStep> = {}): ProcessorPlan {
  const join: JoinStep = {
    verb: 'join',
    with: { pattern: 'car/{car}/gps' },
    how: 'backward',
    toleranceUs: 2 * S,
    waitUs: 5 * S,
    keep: 'left',
    prefix: '',
    ...step,
  };
  return { name: 'j', from: [{ pattern: 'car/{car}/imu' }], steps: [join] };
}

test('select, columns and filter run in order, and what comes out is a stream of the processor with tags', () => {
  const graph = new PartitionGraph([
    {
      name: 'kmh',
      from: [{ pattern: 'car/{car}/gps' }],
      steps: [
        {
          verb: 'columns',
          columns: { kmh: 'speed * 3.6', speed: 'speed * 2', label: "if(speed > 1, 'fast', 'slow')" },
        },
        { verb: 'filter', where: 'kmh > 5' },
        { verb: 'select', keep: ['label', 'speed', 'kmh'] },
      ],
    },
  ]);
  const record = { ...gps(7, [1, 1], [2, 2], [3, 10]), tags: { team: 'red' } };
  const [output, ...rest] = graph.run([record]);
  assert.equal(rest.length, 0);
  assert.deepEqual(
    output!.batch.schema.fields.map((f) => f.name),
    ['label', 'speed', 'kmh'],
  );
  assert.deepEqual(outputRows([output!]), [
    { timeUs: 2, label: 'fast', speed: 4, kmh: 7.2 },
    { timeUs: 3, label: 'fast', speed: 20, kmh: 36 },
  ]);
  const { processor, key, stream, tags, receivedUs } = output!;
  assert.deepEqual(
    { processor, key, stream, tags, receivedUs },
    {
      processor: 'kmh',
      key: 'car/44',
      stream: 'kmh/car/44',
      tags: { car: '44', team: 'red' },
      receivedUs: 7,
    },
  );
});

test('tags that change on the way go with the rows released from then on', () => {
  const graph = new PartitionGraph([joined({ waitUs: 0 })]);
  const tagged = (timeUs: number, lap: string) => ({ ...imu(0, [timeUs, timeUs]), tags: { lap } });
  const outputs = graph.run([tagged(1, 'a'), tagged(2, 'a'), tagged(3, 'b'), tagged(4, 'a')]);
  assert.deepEqual(
    outputs.map(({ tags, batch }) => [tags, [...batch.timeUs.subarray(0, batch.rows)]]),
    [
      [{ car: '44', lap: 'a' }, [1, 2]],
      [{ car: '44', lap: 'b' }, [3]],
      [{ car: '44', lap: 'a' }, [4]],
    ],
  );
});

test('a left row waits for a right row after it, and goes without one when the clock of its entity passes the wait', () => {
  const graph = new PartitionGraph([joined()]);
  assert.deepEqual(graph.run([gps(0, [10 * S, 1]), imu(0, [10 * S, 0], [11 * S, 1])]), []);
  assert.deepEqual(outputRows(graph.run([gps(0, [11 * S, 2])])), [{ timeUs: 10 * S, ax: 0, speed: 1 }]);
  // A pause counts as one second at most; ticks of any number move the clock on.
  assert.deepEqual(
    graph.run([tickRecord(1000 * S), tickRecord(1001 * S), tickRecord(1002 * S), tickRecord(1003 * S)]),
    [],
  );
  assert.deepEqual(outputRows(graph.run([tickRecord(1004 * S)])), [{ timeUs: 11 * S, ax: 1, speed: 2 }]);
});

test('linear gives f32 for f32 and f64 for other numbers, and takes bools and texts from the row before', () => {
  const right = schemaOf(['t', 'f32'], ['raw', 'u8', 0.1], ['wet', 'bool'], ['flag', 'utf8'], ['late', 'f64']);
  const rows: Row[] = [
    { timeUs: 0, t: 0.1, raw: 10, wet: true, flag: 'green', late: null },
    { timeUs: 10, t: 0.4, raw: 20, wet: false, flag: 'red', late: 5 },
  ];
  const graph = new PartitionGraph([joined({ how: 'linear' })]);
  const outputs = graph.run([dataRecord('car/44/gps', right, rows, 0), imu(0, [0, 1], [4, 2])]);
  assert.deepEqual(
    outputs.at(-1)!.batch.schema.fields.map((f) => f.type),
    ['f64', 'f32', 'f64', 'bool', 'utf8', 'f64'],
  );
  const [a, b] = [Math.fround(0.1), Math.fround(0.4)];
  assert.deepEqual(outputRows(outputs), [
    { timeUs: 0, ax: 1, t: a, raw: 1, wet: true, flag: 'green', late: null },
    { timeUs: 4, ax: 2, t: Math.fround(a + (b - a) * 0.4), raw: 1.4, wet: true, flag: 'green', late: null },
  ]);
});

test('records of other entities and of streams nobody reads move the clock as ticks do', () => {
  const graph = new PartitionGraph([joined({ waitUs: 2 * S })]);
  graph.run([imu(0, [10 * S, 0])]);
  const unread = { ...gps(S, [1, 1]), stream: 'car/7/tyres', packed: null, schema: null };
  assert.equal(graph.wants('car/7/tyres'), false);
  assert.equal(graph.wants('car/7/gps'), true);
  assert.deepEqual(graph.run([unread]), []);
  const other = { ...gps(2 * S, [99 * S, 1]), key: 'car/7', stream: 'car/7/gps' };
  assert.deepEqual(outputRows(graph.run([other])), [{ timeUs: 10 * S, ax: 0 }]);
});

test('the small batches of a run leave as one batch', () => {
  const graph = new PartitionGraph([joined()]);
  const records = Array.from({ length: 200 }, (_, i) => [imu(i, [i * 1000, i]), gps(i, [i * 1000 + 500, i])]).flat();
  const outputs = graph.run(records);
  assert.equal(outputRows(outputs).length, 200);
  assert.ok(outputs.length <= 3, `${outputs.length} batches`);
});

test('a row that comes after later ones were released is joined with what is there, and counted', () => {
  const graph = new PartitionGraph([joined()]);
  graph.run([gps(0, [1 * S, 1], [2 * S, 2], [3 * S, 3]), imu(0, [2.5 * S, 0])]);
  const late = graph.run([imu(0, [1.5 * S, 9])]);
  assert.deepEqual(outputRows(late), [{ timeUs: 1.5 * S, ax: 9, speed: 1 }]);
  graph.run([gps(0, [2.2 * S, 7])]);
  assert.deepEqual(graph.lateRows, { left: 1, right: 1, steps: 0 });
  assert.deepEqual(outputRows(graph.run([imu(0, [2.3 * S, 8])])), [{ timeUs: 2.3 * S, ax: 8, speed: 7 }]);
});

test('a column that has not come yet is null, and said once', () => {
  const plan: ProcessorPlan = {
    name: 'k',
    from: [{ pattern: 'car/{car}/gps' }],
    steps: [{ verb: 'columns', columns: { hot: 'coalesce(oil, 0) > 1', kmh: 'sped * 3.6' } }],
  };
  const graph = new PartitionGraph([plan]);
  const more = schemaOf(['speed', 'f64'], ['oil', 'f64']);
  const outputs = graph.run([
    gps(0, [1, 1]),
    gps(0, [2, 2]),
    dataRecord('car/44/gps', more, [{ timeUs: 3, speed: 3, oil: 5 }], 0),
  ]);
  assert.deepEqual(outputRows(outputs), [
    { timeUs: 1, speed: 1, hot: false, kmh: null },
    { timeUs: 2, speed: 2, hot: false, kmh: null },
    { timeUs: 3, speed: 3, oil: 5, hot: true, kmh: null },
  ]);
  assert.equal(graph.warnings.length, 2);
  assert.match(graph.warnings[0]!, /processor k, steps\[0\], columns\.hot: .* column oil.*counts as null/);
  assert.match(graph.warnings[1]!, /column sped.*did you mean speed\?/);
});

test('a step that cannot work on the columns that came fails with processor, step, stream and what to do', () => {
  const text = schemaOf(['speed', 'utf8']);
  const record = dataRecord('car/44/gps', text, [{ timeUs: 1, speed: 'fast' }], 0);
  const fails = (plan: ProcessorPlan, message: RegExp, ...records: (typeof record)[]) =>
    assert.throws(
      () => new PartitionGraph([plan]).run(records),
      (error) => error instanceof PitwallError && error.code === 'processor-failed' && message.test(error.message),
    );
  const from = [{ pattern: 'car/{car}/gps' }];
  fails(
    { name: 'k', from, steps: [{ verb: 'columns', columns: { kmh: 'speed * 3.6' } }] },
    /processor k, steps\[0\]: columns\.kmh: "speed \* 3\.6" for the rows of car\/44\/gps, at character 1: .* needs a number/,
    record,
  );
  fails({ name: 'k', from, steps: [{ verb: 'filter', where: 'speed' }] }, /does not give true or false/, record);
  fails(
    joined({ with: { pattern: 'car/{car}/imu' } }),
    /column ax beside one of the same name.*prefix/,
    imu(0, [1, 1], [2, 2]),
  );
  fails(joined(), /column "speed" was f64 and is utf8/, gps(0, [1, 1]), record);
  assert.throws(
    () => new PartitionGraph([{ name: 'k', from, steps: [{ verb: 'filter', where: 'speed >' }] }]),
    /ends where/,
  );
});

test('the right side of an idle left side is bounded, and the newest rows are kept', () => {
  const graph = new PartitionGraph([joined({ toleranceUs: null })]);
  const perRecord = 4096;
  for (let r = 0; r < 10; r++) {
    graph.run([
      gps(r, ...Array.from({ length: perRecord }, (_, i): [number, number] => [r * perRecord + i, r * perRecord + i])),
    ]);
  }
  const newest = 10 * perRecord - 1;
  const oldest = newest - RIGHT_ROWS_MAX + 1;
  const rows = outputRows(graph.run([imu(0, [oldest - 1, 0], [oldest, 1], [newest - 1, 2])]));
  assert.deepEqual(
    rows.map((row) => row.speed),
    [null, oldest, newest - 1],
  );
});

test('state is dropped with a warning when the processors were changed, and its keys are removed', () => {
  const graph = new PartitionGraph([joined()]);
  graph.run([imu(0, [10 * S, 0])]);
  const store = new Map([...graph.snapshot()] as [string, Uint8Array][]);
  assert.deepEqual([...store.keys()].sort(), ['car/44\nentity', 'car/44\njoin/j/0', 'partition']);
  assert.deepEqual([...graph.snapshot()], [], 'nothing changed since');

  const changed = new PartitionGraph([joined({ waitUs: 1 })], store);
  assert.match(changed.warnings[0]!, /the stored state of j is dropped, since the processors were changed/);
  const removed = [...changed.snapshot()].filter(([, value]) => value === null).map(([key]) => key);
  assert.deepEqual(removed.sort(), [...store.keys()].sort());

  const same = new PartitionGraph([joined()], store);
  assert.deepEqual(same.warnings, []);
  assert.deepEqual(outputRows(same.run([gps(0, [9.5 * S, 3], [10.5 * S, 4])])), [{ timeUs: 10 * S, ax: 0, speed: 3 }]);
});

test('processors that read one another work in one graph, whatever order they are given in', () => {
  const plans: ProcessorPlan[] = [
    { name: 'fast', from: [{ processor: 'kmh' }], steps: [{ verb: 'filter', where: 'kmh > 5' }] },
    {
      name: 'kmh',
      from: [{ pattern: 'car/{car}/gps' }],
      steps: [{ verb: 'columns', columns: { kmh: 'speed * 3.6' } }],
    },
  ];
  const outputs = new PartitionGraph(plans).run([gps(0, [1, 1], [2, 10])]);
  assert.deepEqual(
    outputs.map(({ stream, tags, batch }) => [stream, tags.car, batch.rows]),
    [
      ['kmh/car/44', '44', 2],
      ['fast/car/44', '44', 1],
    ],
  );
  const circle: ProcessorPlan[] = [
    { name: 'a', from: [{ processor: 'b' }], steps: [] },
    { name: 'b', from: [{ processor: 'a' }], steps: [] },
  ];
  assert.throws(() => new PartitionGraph(circle), /a -> b -> a/);
});

test('what many waiting rows of a text column leave behind does not grow with the texts that ever came', () => {
  const NOTES = schemaOf(['note', 'utf8']);
  const graph = new PartitionGraph([joined({ toleranceUs: 10 * S })]);
  let rows: Row[] = [];
  for (let i = 0; i < 3000; i++) {
    const note = dataRecord('car/44/gps', NOTES, [{ timeUs: i * S, note: `lap note ${i} ${'x'.repeat(200)}` }], i);
    rows = rows.concat(outputRows(graph.run([note, imu(i, [i * S + 1, i])])));
  }
  assert.equal(rows.at(-1)!.note, `lap note ${2998} ${'x'.repeat(200)}`);
  const bytes = [...graph.snapshot()].reduce((sum, [, value]) => sum + (value?.length ?? 0), 0);
  assert.ok(bytes < 50_000, `${bytes} bytes of state`);
});
