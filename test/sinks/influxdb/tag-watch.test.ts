import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TagWatch } from '../../../sinks/influxdb/tag-watch.js';

test('A tag with very many values is named once, with its measurement, and others are not.', () => {
  const watch = new TagWatch();
  const values = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      watch.see('laps', 'session', `session-${i}`);
      watch.see('laps', 'car', String(i % 9_000));
    }
  };
  values(0, 9_500);
  values(0, 9_500);
  assert.deepEqual(watch.takeWarnings(), []);
  values(9_500, 10_500);
  const [warning, ...more] = watch.takeWarnings();
  assert.match(warning!, /^the tag "session" of measurement "laps" has over 10000 values, .*; leave it out of "tags"/);
  assert.deepEqual(more, []);
  values(10_500, 40_000);
  assert.deepEqual(watch.takeWarnings(), []);
});
