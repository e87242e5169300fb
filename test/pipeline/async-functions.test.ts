import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { WaitingScenario } from './waiting-scenario.js';

test('While a function waits other processors go on, and after a kill its rows are there once and in order.', async (t) => {
  const flow = await new WaitingScenario().start(t, { bus: '{ log: { dir: ./bus, partitions: 1 } }' });
  await flow.send(50);
  await eventually('the first rows', () => flow.rowsOfAsked() > 0);
  await flow.killWhileItHangs(100);
  await flow.allThere();
  assert.equal(await flow.gateway.stop(), 0, flow.gateway.stderr);
  flow.assertAllOnce(flow.written('out/counted'), 'the file sink');
});
