import assert from 'node:assert/strict';
import { test } from 'node:test';
import { col, count, expr, mean, processor, type StreamingDataFrame, stream } from '../../../pipeline/index.js';
import { planOfYaml } from './plan-of-yaml.js';

/** As JavaScript calls it, which no compiler has checked. */
type Loose = Record<string, (...args: unknown[]) => Loose & { plan(name: string): unknown }>;
const loose = (frame: unknown) => frame as Loose;
const IMU = () => stream('car/{car}/imu', { speed: 'f64', gear: 'i32', tyre: 'utf8', wet: 'bool' });

test('A frame never changes: each verb gives a new one, and several may go on from the same.', () => {
  const imu = IMU();
  const fast = imu.filter('speed > 5');
  const wet = imu.filter('wet');
  assert.deepEqual(imu.plan('p').plan.steps, []);
  assert.deepEqual(fast.plan('p').plan.steps, [{ verb: 'filter', where: 'speed > 5' }]);
  assert.deepEqual(wet.drop('wet').plan('q').plan, {
    name: 'q',
    from: [{ pattern: 'car/{car}/imu' }],
    steps: [
      { verb: 'filter', where: 'wet' },
      { verb: 'select', drop: ['wet'] },
    ],
  });
  const { plan } = fast.plan('p');
  Object.assign(plan.steps[0]!, { where: 'gear > 1' });
  assert.deepEqual(
    fast.plan('p').plan.steps,
    [{ verb: 'filter', where: 'speed > 5' }],
    'nor by changes to a plan of it',
  );
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan, 'a plan is plain data');
});

test('Options that are left out mean what they mean in the YAML.', async () => {
  const bare = stream('car/{car}/imu');
  const pairs: [StreamingDataFrame, string][] = [
    [bare.joinAsOf(processor('other')), 'join: { with: other }'],
    [
      bare.joinInterval(stream('car/{car}/c'), { between: ['-1s', { us: -5 }] }),
      'join: { with: "car/{car}/c", between: [-1s, -5us] }',
    ],
    [
      bare.joinInterval(stream('car/{car}/c'), { between: ['0s', '-0s'] }),
      'join: { with: "car/{car}/c", between: [0s, -0s] }',
    ],
    [bare.window({ tumbling: '1s' }).aggregate({ n: count() }), 'window: { tumbling: 1s, aggregate: { n: count() } }'],
    [bare.window({ rows: 5 }).aggregate({ n: 'count()' }), 'window: { rows: 5, aggregate: { n: count() } }'],
    [
      bare.window({ sliding: { us: 250 } }).aggregate({ n: count() }),
      'window: { sliding: 250us, aggregate: { n: count() } }',
    ],
    [bare.window({ session: '30s' }).aggregate({ n: count() }), 'window: { session: 30s, aggregate: { n: count() } }'],
    [
      bare.window({ hopping: { size: '10s', step: '1s' } }).aggregate({ n: count() }),
      'window: { hopping: { size: 10s, step: 1s }, aggregate: { n: count() } }',
    ],
    [bare.resample({ every: '1.5s' }), 'resample: { every: 1.5s }'],
    [bare.sort({ lateness: '0s' }), 'sort: { lateness: 0s }'],
  ];
  for (const [frame, step] of pairs) {
    const yaml = `processors:\n  other: { from: "car/{car}/other", steps: [{ filter: x }] }\n  p: { from: "car/{car}/imu", steps: [{ ${step} }] }\n`;
    assert.deepEqual(frame.plan('p').plan, await planOfYaml(yaml, 'p'), step);
  }
});

const FAULTS: [call: () => unknown, message: string][] = [
  [() => stream('car/#/imu'), 'stream: the stream pattern "car/#/imu" may have # only as its last level'],
  [() => loose({ stream }).stream!(5), 'stream: the pattern takes a text, not 5'],
  [
    () => stream('a/b', { speed: 'f46' as 'f64' }),
    'stream: the type of speed must be f64, f32, i64, i32, i16, u8, bool or utf8, not "f46"; did you mean "f64"?',
  ],
  [() => stream('a/b', {}), "stream: the list of columns is empty; name them as in { speed: 'f64' }, or leave it out"],
  [() => stream('a/b', { timeUs: 'i64' }), 'stream: a column cannot be called "timeUs"'],
  [
    () => processor('car/{car}/imu'),
    `processor: "car/{car}/imu" is no name of a processor; streams of devices are read with stream('car/{car}/imu')`,
  ],
  [() => loose(IMU()).select!(), 'select: takes at least one column'],
  [() => loose(IMU()).select!(['speed']), 'select: takes names of columns, not a list'],
  [() => loose(IMU()).select!('sped'), 'select: unknown column sped; did you mean speed?'],
  [() => loose(IMU()).drop!('sped'), 'drop: unknown column sped; did you mean speed?'],
  [() => loose(IMU()).withColumn!('x', col('sped').mul(2)), 'withColumn: x: unknown column sped; did you mean speed?'],
  [() => loose(IMU()).withColumn!('x', col('tyre').mul(2)), 'withColumn: x: * needs a number, and this is a text'],
  [() => loose(IMU()).withColumn!('x', 'speed *'), 'withColumn: x: the expression ends where a value should stand'],
  [
    () => loose(IMU()).withColumn!('timeUs', '1'),
    'withColumn: timeUs: timeUs is the time of the row and cannot be replaced',
  ],
  [() => loose(IMU()).withColumn!('x', mean('speed')), 'withColumn: x: mean takes values of'],
  [() => loose(IMU()).withColumn!('x', 5), "withColumn: takes an expression such as col('speed').mul(3.6), not 5"],
  [
    () => loose(IMU()).withColumns!(col('speed')),
    "withColumns: takes { kmh: col('speed').mul(3.6) }, not the expression speed",
  ],
  [() => loose(IMU()).withColumns!({}), "withColumns: names no column; it takes { kmh: col('speed').mul(3.6) }"],
  [
    () => loose(IMU()).filter!(col('speed')),
    'filter: a filter needs true or false; compare the value with something, as in x > 0',
  ],
  [() => loose(IMU()).filter!(expr('speed >')), 'filter: the expression ends where a value should stand'],
  [() => loose(IMU()).filter!(), "filter: takes an expression such as col('speed').gt(5), not undefined"],
  [
    () => loose(IMU()).joinAsOf!('car/{car}/gps'),
    "joinAsOf: the other side is a stream or a processor as it is, such as stream('car/{car}/gps'); what is to be done to it first belongs in a processor of its own",
  ],
  [() => loose(IMU()).joinAsOf!(IMU().drop('wet')), 'joinAsOf: the other side is a stream'],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b'), { tolerence: '2s' }),
    'joinAsOf: there is no option tolerence; did you mean "tolerance"?',
  ],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b'), { wait: '5 sec' }),
    'joinAsOf: wait: "5 sec" is not a duration; write one like 250ms, 5s, 1m, 2h, 7d',
  ],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b'), { wait: 5 }),
    "joinAsOf: wait takes a duration such as '250ms', '5s' or { us: 1500 }, not 5",
  ],
  [() => loose(IMU()).joinAsOf!(stream('a/b'), { wait: { us: -1 } }), 'joinAsOf: wait must be positive or 0'],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b'), { wait: { us: 0.5 } }),
    "joinAsOf: wait takes a duration such as '250ms'",
  ],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b', { speed: 'f32' })),
    'joinAsOf: prefix: column speed exists on both sides of the join; give the join a prefix',
  ],
  [
    () => loose(IMU()).joinInterval!(stream('a/b'), { between: '2s' }),
    "joinInterval: between takes two durations, the earlier one first, such as ['-2s', '500ms']",
  ],
  [() => loose(IMU()).joinInterval!(stream('a/b'), { between: ['2s', '-2s'] }), 'joinInterval: between: '],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b'), { how: 'interval' }),
    'joinAsOf: how must be backward, nearest, forward, linear, step or angle, not "interval"',
  ],
  [
    () => loose(IMU()).joinAsOf!(stream('a/b'), { channels: { x: 'angle' } }),
    'joinAsOf: channels: columns are met one by one only in a join by linear, step or angle',
  ],
  [() => loose(IMU()).lookup!([], { on: 'gear' }), 'lookup: takes a list of rows, such as'],
  [
    () => loose(IMU()).lookup!([{ gear: 1 }, { gear: '2' }], { on: 'gear' }),
    'lookup: row 2: gear is a string, and a number before',
  ],
  [() => loose(IMU()).lookup!([{ gear: {} }], { on: 'gear' }), 'lookup: row 1: gear is no number, text or truth value'],
  [() => loose(IMU()).lookup!([{ gear: 1 }, { gear: 1 }], { on: 'gear' }), 'lookup: on: the key 1 stands twice'],
  [
    () => loose(IMU()).lookup!([{ gear: 1 }], { on: { gear: 'g', wet: 'w' } }),
    'lookup: on takes one column of the rows',
  ],
  [() => loose(IMU()).lookup!([{ gear: 1, wet: true }], { on: 'gear' }), 'lookup: prefix: column wet exists already'],
  [
    () => loose(IMU()).window!({ tumbling: '1s', rows: 5 }),
    'window: the window has 2 kinds (tumbling, rows); give one of tumbling, hopping, sliding, session, rows, cut',
  ],
  [() => loose(IMU()).window!({ grace: '1s' }), 'window: the window has no kind'],
  [() => loose(IMU()).window!({ rows: 1.5 }), 'window: rows takes a whole number from 1, not 1.5'],
  [() => loose(IMU()).window!({ tumbling: '0s' }), 'window: tumbling must be longer than 0'],
  [() => loose(IMU()).window!({ hopping: '1s' }), `window: takes hopping: { size: '10s', step: '1s' }, not "1s"`],
  [
    () => loose(loose(IMU()).window!({ tumbling: '1s' })).aggregate!({ v: 'speed' }),
    'window: aggregate.v: speed is a value of each row',
  ],
  [() => loose(IMU()).rolling!({ over: '10s' }), "rolling: over takes a duration such as '250ms'"],
  [() => loose(IMU()).resample!({}), "resample: every is missing; write a duration such as '5s'"],
  [
    () => loose(IMU()).resample!({ every: '1s', how: 'liner' }),
    'resample: how must be linear, step, angle or nearest, not "liner"; did you mean "linear"?',
  ],
  [
    () => loose(IMU()).fill!({ speed: null }),
    "fill: speed takes 'last', 'linear', a number, a text, true or false, or { value: … }",
  ],
  [() => loose(IMU()).sort!({ lateness: '1s', equal: 'first' }), 'sort: equal must be all or last, not "first"'],
  [() => IMU().filter('wet').union(IMU()), 'union: it comes before all other verbs'],
  [() => loose(IMU()).union!({}), "union: it takes another frame, such as stream('car/{car}/gps')"],
  [() => IMU().filter('wet').withSchema({ a: 'f64' }), 'withSchema: it comes before all other verbs'],
];

test('Wrong arguments are refused at the call, with the verb and what to do.', () => {
  for (const [call, message] of FAULTS) {
    assert.throws(call, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'bad-configuration', error.stack);
      assert.equal(error.message.slice(0, message.length), message);
      return true;
    });
  }
});

test('Verbs know the columns that earlier ones make, each source of a union for itself.', () => {
  const imu = IMU();
  assert.throws(() => loose(imu.drop('wet')).filter!('wet'), /unknown column wet/);
  assert.throws(
    () => loose(imu.window({ rows: 2 }).aggregate({ n: count() })).filter!('speed > 1'),
    /unknown column speed/,
  );
  assert.throws(() => loose(imu.withColumn('kmh', 'speed * 3.6')).filter!('kmh'), /a filter needs true or false/);
  assert.throws(() => loose(imu.union(stream('a/b', { x: 'f64' }))).filter!('speed > 1'), /unknown column speed/);
  imu.union(stream('a/b')).filter('speed > 1');
  imu.joinAsOf(stream('a/b')).filter('anything');
});
