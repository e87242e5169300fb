import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntityInspector } from '../../../processors/inspect-entity.js';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { ProcessorPlan, WindowKind } from '../../../processors/plan.js';
import { storeOf } from '../../../processors/state-store.js';
import { dataRecord, schemaOf } from '../telemetry.js';

const S = 1e6;
const IMU = schemaOf(['ax', 'f64'], ['lap', 'i32']);

/** What is shown of the one step after rows at these seconds, whose values are ten times as much. */
function shown(kind: WindowKind, seconds: readonly number[], emit: 'close' | 'update' = 'close'): unknown {
  const plan: ProcessorPlan = {
    name: 'w',
    from: [{ pattern: 'car/{car}/imu' }],
    steps: [{ verb: 'window', kind, graceUs: 0, idleUs: 5 * S, emit, aggregate: { n: 'count()', top: 'max(ax)' } }],
  };
  const graph = new PartitionGraph([plan]);
  for (const at of seconds) {
    const row = { timeUs: at * S, ax: at * 10, lap: Math.floor(at / 3) };
    graph.run([dataRecord('car/44/imu', IMU, [row], at * S)]);
  }
  const store = storeOf([...graph.snapshot()].flatMap(([key, value]) => (value ? [[key, value] as const] : [])));
  const { lanes } = new EntityInspector([plan], graph.compiled).view('w', 'car/44', store, () => null)!;
  const { step, verb, ...what } = lanes[0]!.steps[0]!;
  assert.deepEqual([step, verb], [0, 'window']);
  return what;
}

test('open windows of every kind are shown with what they have so far', () => {
  const seconds = [0, 1, 2.5, 4, 4.5];
  assert.deepEqual(shown({ tumblingUs: 3 * S }, seconds), {
    latestUs: 4.5 * S,
    windows: 1,
    open: [{ startUs: 3 * S, n: 2, top: 45 }],
  });
  assert.deepEqual(shown({ hopping: { sizeUs: 4 * S, stepUs: 2 * S } }, seconds), {
    latestUs: 4.5 * S,
    windows: 2,
    open: [
      { startUs: 4 * S, n: 2, top: 45 },
      { startUs: 2 * S, n: 1, top: 25 },
    ],
  });
  assert.deepEqual(shown({ sessionUs: 1.2 * S }, seconds), {
    latestUs: 4.5 * S,
    windows: 1,
    open: [{ startUs: 4 * S, endUs: 4.5 * S, n: 2, top: 45 }],
  });
  assert.deepEqual(shown({ cut: 'lap' }, seconds), {
    windows: 1,
    open: [{ startUs: 4 * S, endUs: 4.5 * S, n: 2, top: 45 }],
  });
  assert.deepEqual(shown({ tumblingUs: 3 * S }, seconds, 'update'), {
    latestUs: 4.5 * S,
    windows: 1,
    open: [{ endUs: 6 * S, n: 2, top: 45 }],
  });
});
