import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../../pipeline/config/config.js';
import type { JoinStep } from '../../../processors/plan.js';
import { problemsOf, readText } from './problems-of.js';

const withJoin = (join: string) => `processors:
  p:
    from: car/{car}/imu
    steps:
      - join: ${join}
`;

function stepOf(join: string): JoinStep {
  const { config, problems } = readText(withJoin(join));
  assert.deepEqual(problems, []);
  return (config as Config).processors[0]!.plan.steps[0] as JoinStep;
}

const BASE: JoinStep = {
  verb: 'join',
  with: { pattern: 'car/{car}/gps' },
  how: 'backward',
  toleranceUs: null,
  waitUs: 5_000_000,
  keep: 'inner',
  prefix: '',
};

test('The options of a join become its plan, and what is not given is not in it.', () => {
  assert.deepEqual(stepOf('{ with: "car/{car}/gps" }'), BASE);
  assert.deepEqual(stepOf('{ with: "car/{car}/gps", late: count }'), BASE);
  assert.deepEqual(
    stepOf(
      '{ with: "car/{car}/gps", how: linear, channels: { heading: angle, gear: step }, maxGap: 1s, tolerance: 2s, late: correct }',
    ),
    {
      ...BASE,
      how: 'linear',
      channels: { heading: 'angle', gear: 'step' },
      maxGapUs: 1_000_000,
      toleranceUs: 2_000_000,
      late: 'correct',
    },
  );
  assert.deepEqual(stepOf('{ with: "car/{car}/gps", between: [-2s, 500ms], time: gps_time, prefix: g_ }'), {
    ...BASE,
    how: 'interval',
    between: { fromUs: -2_000_000, toUs: 500_000 },
    time: 'gps_time',
    prefix: 'g_',
  });
  assert.deepEqual(stepOf('{ with: "car/{car}/gps", between: ["- 1.5ms", "-0s"] }').between, {
    fromUs: -1500,
    toUs: 0,
  });
});

test('Options of a join that say nothing where they stand are faults there.', () => {
  const faults = (join: string) =>
    problemsOf(withJoin(join)).map((line) => line.replace(/processors\.p\.steps\[0\]\./, ''));
  const beside = (key: string) =>
    `join.${key} has no meaning beside "between": "between" says which rows are met; remove one of the two`;
  assert.deepEqual(
    faults(
      '{ with: "car/{car}/gps", how: linear, tolerance: 1s, maxGap: 1s, channels: { a: step }, between: [0s, 1s] }',
    ),
    [
      `5:40: ${beside('how')}`,
      `5:53: ${beside('tolerance')}`,
      `5:68: ${beside('maxGap')}`,
      `5:80: ${beside('channels')}`,
    ],
  );
  assert.deepEqual(faults('{ with: "car/{car}/gps", between: [1s, -1s] }'), [
    '5:49: join.between must be two durations, the earlier one first, such as [-2s, 500ms]; the first is the later one',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", between: 1s }'), [
    '5:49: join.between must be two durations, the earlier one first, such as [-2s, 500ms], not "1s"',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", between: [-x, 1s] }'), [
    '5:50: join.between[0] must be a duration such as 250ms, 5s, 1m, 7d, not "-x"',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", how: nearest, channels: { a: angle } }'), [
    '5:64: join.channels: columns are met one by one only in a join by linear, step or angle, not by nearest',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", how: step, maxGap: 1s }'), [
    '5:59: join.maxGap: a gap says nothing where no column is joined linear or angle',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", how: angle, time: at }'), [
    '5:58: join.time: what is joined angle stands between two right rows and has no single time',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", time: timeUs }'), [
    '5:46: join.time: timeUs is the time of the row and cannot be replaced',
  ]);
  assert.deepEqual(faults('{ with: "car/{car}/gps", how: linear, channels: { a: nearest } }'), [
    '5:68: join.channels.a must be linear, step or angle, not "nearest"',
  ]);
});

/** What the check says of the entities of a join, in short. */
function keysOf(streams: string, from: string, other: string, more = ''): string[] {
  const text = `streams: ${streams}\n${withJoin(`{ with: ${other} }`).replace('car/{car}/imu', from)}${more}`;
  return problemsOf(text).map((line) => /belong to the entity (.*), and a join/.exec(line)?.[1] ?? line);
}

test('A join whose sides can have no entity in common is refused, with the entities of both.', () => {
  assert.deepEqual(
    problemsOf(`streams: { "car/{car}/gps": { key: "team/{car}" } }\n${withJoin('{ with: "car/{car}/gps" }')}`),
    [
      '6:23: processors.p.steps[0].join.with: the rows of "car/{car}/gps" belong to the entity team/{car}, those of "car/{car}/imu" to car/{car}, and a join meets rows of one entity; give the streams the same entity with key: below streams',
    ],
  );
  const imu = '"car/{car}/imu"';
  assert.deepEqual(keysOf('', imu, '"car/{car}/position/gps"'), [
    'car/{car}/position, those of "car/{car}/imu" to car/{car}',
  ]);
  assert.deepEqual(keysOf('', imu, '"boat/{car}/gps"'), ['boat/{car}, those of "car/{car}/imu" to car/{car}']);
  assert.deepEqual(keysOf('{ weather: }', imu, 'weather'), ['weather, those of "car/{car}/imu" to car/{car}']);
  assert.deepEqual(keysOf('', '"{team}/{car}/imu"', '"{car}/{team}/gps"'), [
    '{car}/{team}, those of "{team}/{car}/imu" to {team}/{car}',
  ]);
  const upstream = '  q: { from: "boat/{boat}/imu", steps: [{ filter: a > 1 }] }\n';
  assert.deepEqual(keysOf('', imu, 'q', upstream), ['boat/{boat}, those of "car/{car}/imu" to car/{car}']);
});

test('A join whose sides may have an entity in common is taken.', () => {
  const imu = '"car/{car}/imu"';
  assert.deepEqual(keysOf('{ "car/{car}/position/gps": { key: "car/{car}" } }', imu, '"car/{car}/position/gps"'), []);
  assert.deepEqual(keysOf('', imu, '"car/{number}/gps"'), []);
  assert.deepEqual(keysOf('', imu, '"car/44/gps"'), []);
  assert.deepEqual(keysOf('', imu, '"+/+/gps"'), []);
  assert.deepEqual(keysOf('', imu, '"car/#"'), []);
  assert.deepEqual(keysOf('', '["car/{car}/imu", "boat/{boat}/imu"]', '"boat/{boat}/gps"'), []);
  assert.deepEqual(keysOf('{ "car/44/gps": { key: special } }', imu, '"car/{car}/gps"'), []);
  assert.deepEqual(keysOf('', imu, 'q', '  q: { from: "car/{car}/gps", steps: [{ filter: a > 1 }] }\n'), []);
});
