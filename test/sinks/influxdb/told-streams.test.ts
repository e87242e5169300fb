import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldStreams } from '../../../sinks/influxdb/told-streams.js';

const TABLE: [
  string,
  patterns: string[],
  measurement: string | null,
  stream: string,
  captures: Record<string, string>,
  told: boolean,
][] = [
  ['one pattern', ['car/{car}/imu'], null, 'car/1/imu', { car: '1' }, true],
  ['patterns that differ in the last level', ['car/{car}/imu', 'car/{car}/gps'], null, 'car/1/imu', { car: '1' }, true],
  ['those with one measurement', ['car/{car}/imu', 'car/{car}/gps'], 'all', 'car/1/imu', { car: '1' }, false],
  [
    'those with a measurement of the stream',
    ['car/{car}/imu', 'car/{car}/gps'],
    '{stream}',
    'car/1/imu',
    { car: '1' },
    true,
  ],
  ['a level that no capture takes', ['car/+/imu'], null, 'car/1/imu', {}, false],
  ['levels behind #', ['car/{car}/#'], null, 'car/1/a/imu', { car: '1' }, false],
  ['# over a declared pattern', ['car/{car}/imu', '#'], null, 'car/1/imu', { car: '1' }, true],
  ['# over no declared pattern', ['car/{car}/imu', '#'], null, 'box/imu', {}, false],
  ['patterns of the same captures', ['car/{id}/imu', 'truck/{id}/imu'], null, 'car/1/imu', { id: '1' }, false],
  ['patterns of other captures', ['car/{car}/imu', 'truck/{truck}/imu'], null, 'car/1/imu', { car: '1' }, true],
  [
    'a last level that is captured',
    ['car/{car}/{kind}', 'car/{car}/imu'],
    null,
    'car/1/imu',
    { car: '1', kind: 'imu' },
    true,
  ],
  ['an output of a processor', ['car/{car}/imu'], null, 'laps/car/1', { car: '1' }, false],
];

for (const [title, patterns, measurement, stream, captures, told] of TABLE) {
  test(`Measurement and captures ${told ? 'tell' : 'do not tell'} a stream apart with ${title}.`, () => {
    assert.equal(toldStreams(patterns, measurement)(stream, captures), told);
  });
}

test('Streams that are told never share measurement and captures.', () => {
  const patterns = [
    'car/{car}/imu',
    'car/{car}/gps',
    'truck/{car}/gps',
    '{kind}/{car}/tyre',
    'car/{car}/tyre',
    '{a}/{b}/{c}',
  ];
  const kinds = ['car', 'truck', '1'];
  for (const measurement of [null, 'all']) {
    const isTold = toldStreams(patterns, measurement);
    const seen = new Map<string, string>();
    let told = 0;
    for (const kind of kinds) {
      for (const car of ['1', '2', 'car']) {
        for (const last of ['imu', 'gps', 'tyre', '1']) {
          const stream = `${kind}/${car}/${last}`;
          const captures: Record<string, string> = { a: kind, b: car, c: last };
          if (last !== '1') captures.car = car;
          if (last === 'tyre') captures.kind = kind;
          if (!isTold(stream, captures)) continue;
          told++;
          const series = JSON.stringify([measurement ?? last, Object.entries(captures).sort()]);
          assert.ok(!seen.has(series), `${stream} and ${seen.get(series)}`);
          seen.set(series, stream);
        }
      }
    }
    assert.ok(told > 0 || measurement !== null);
  }
});
