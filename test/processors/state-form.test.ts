import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { dataRecord, outputRows, schemaOf } from './telemetry.js';

const PLAN: ProcessorPlan = {
  name: 'j',
  from: [{ pattern: 'car/{car}/imu' }],
  steps: [
    {
      verb: 'join',
      with: { pattern: 'car/{car}/gps' },
      how: 'backward',
      toleranceUs: null,
      waitUs: 5e6,
      keep: 'inner',
      prefix: '',
    },
  ],
};
const IMU = schemaOf(['ax', 'f64']);
const GPS = schemaOf(['speed', 'f64']);

test('state in the form before keys began with the entity is read, and written anew', () => {
  const first = new PartitionGraph([PLAN]);
  first.run([
    dataRecord('car/44/imu', IMU, [{ timeUs: 1000, ax: 1 }], 1),
    dataRecord('car/44/gps', GPS, [{ timeUs: 900, speed: 7 }], 2),
  ]);
  const old = new Map<string, Uint8Array>();
  for (const [key, value] of first.snapshot()) {
    if (key === 'partition') old.set(key, serialize({ ...deserialize(value!), version: 2 }));
    else if (key === 'car/44\nentity') old.set('entity/car/44', value!);
    else if (key === 'car/44\njoin/j/0') old.set('join/j/0/car/44', value!);
    else assert.fail(key);
  }
  assert.equal(old.size, 3);
  const second = new PartitionGraph([PLAN], old);
  assert.deepEqual(second.warnings, []);
  const changes = new Map(second.snapshot());
  assert.equal(changes.get('entity/car/44'), null);
  assert.equal(changes.get('join/j/0/car/44'), null);
  const third = new PartitionGraph(
    [PLAN],
    [...changes].flatMap(([key, value]) => (value ? [[key, value] as const] : [])),
  );
  for (const graph of [second, third]) {
    const out = graph.run([dataRecord('car/44/gps', GPS, [{ timeUs: 1100, speed: 8 }], 3)]);
    assert.deepEqual(outputRows(out), [{ timeUs: 1000, ax: 1, speed: 7 }]);
  }
});
