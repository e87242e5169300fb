import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadFunctions } from '../../../processors/functions/load-functions.js';
import { buildDataFrame } from '../../../processors/modules/build-dataframe.js';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { Input, ProcessorPlan } from '../../../processors/plan.js';
import { folderWith } from '../../support/folder-with.js';
import { dataRecord, outputRows, schemaOf } from '../telemetry.js';

const IMU: Input = { pattern: 'car/{car}/imu' };
const GPS: Input = { pattern: 'car/{car}/gps' };
const MODULE = `import { rowFunction, type StreamingDataFrame } from 'pitwall';

const twice = (row: { x: number | null }) => ({ x: 2 * (row.x ?? 0) });

export default ([imu, gps]: StreamingDataFrame[]) =>
  imu
    .union(gps)
    .map(twice)
    .filter('x > 5')
    .map(rowFunction({ columns: { y: 'i32' }, row: ({ x }) => ({ y: x + 1 }) }));
`;

async function built(): Promise<ProcessorPlan> {
  const file = join(folderWith({ 'm.ts': MODULE }), 'm.ts');
  return (await buildDataFrame(file, 'p', [IMU, GPS])).plan;
}

test('Functions of a dataframe are found again by their plan alone, as a worker has it.', async () => {
  // What crosses to a worker is plain data.
  const plan = JSON.parse(JSON.stringify(await built())) as ProcessorPlan;
  assert.deepEqual(
    plan.steps.map((step) => step.verb === 'map' && [step.index, step.inputs]),
    [[0, [IMU, GPS]], false, [1, [IMU, GPS]]],
  );
  const graph = new PartitionGraph([plan], [], { functions: await loadFunctions([plan]) });
  const rows = [1, 2, 3, 4].map((x) => ({ timeUs: x * 1_000_000, x }));
  const out = outputRows(graph.run([dataRecord('car/1/gps', schemaOf(['x', 'f64']), rows, 5_000_000)]));
  assert.deepEqual(
    out.map(({ x, y }) => [x, y]),
    [
      [6, 7],
      [8, 9],
    ],
  );
});

test('A module that builds other steps than those that run is refused, and parts of its steps are not.', async () => {
  const plan = await built();
  const [first, filter, second] = plan.steps;
  await loadFunctions([{ ...plan, steps: [second!] }]);
  await loadFunctions([{ ...plan, steps: [first!, filter!] }]);
  const changed = { ...plan, steps: [first!, { verb: 'filter' as const, where: 'x > 6' }, second!] };
  await assert.rejects(loadFunctions([changed]), {
    code: 'processor-failed',
    message: /processor p, steps\[0\], map: .*m\.ts builds other steps than those that run; restart after changes/,
  });
});
