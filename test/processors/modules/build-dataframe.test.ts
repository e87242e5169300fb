import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PitwallError } from '../../../core/errors.js';
import { buildDataFrame } from '../../../processors/modules/build-dataframe.js';
import type { Input } from '../../../processors/plan.js';
import { folderWith } from '../../support/folder-with.js';

const IMU: Input = { pattern: 'car/{car}/imu' };
const GPS: Input = { pattern: 'car/{car}/gps' };

async function planOf(module: string, from: Input[] | null) {
  const { plan } = await buildDataFrame(join(folderWith({ 'm.ts': module }), 'm.ts'), 'g', from);
  return plan;
}

async function faultOf(module: string, from: Input[] | null): Promise<string> {
  const folder = folderWith({ 'm.ts': module });
  try {
    await buildDataFrame(join(folder, 'm.ts'), 'g', from);
  } catch (error) {
    assert.ok(error instanceof PitwallError, String((error as Error).stack));
    assert.equal(error.code, 'bad-configuration');
    return error.message.replaceAll(folder, '.');
  }
  throw new Error('no fault');
}

test('A function is given the one input, or the list of several; a frame names its own.', async () => {
  const fast = { verb: 'filter', where: 'speed > 5' };
  assert.deepEqual(await planOf("export default (input) => input.filter('speed > 5');\n", [IMU]), {
    name: 'g',
    from: [IMU],
    steps: [fast],
  });
  const joining = `import type { StreamingDataFrame } from 'pitwall';
export default async ([imu, gps]: StreamingDataFrame[]) => imu.joinAsOf(gps, { how: 'linear' });
`;
  const joined = await planOf(joining, [IMU, GPS]);
  assert.deepEqual([joined.from, joined.steps.map((step) => step.verb === 'join' && step.with)], [[IMU], [GPS]]);
  const union = "export default ([imu, laps]) => imu.union(laps).filter('speed > 5');\n";
  assert.deepEqual((await planOf(union, [IMU, { processor: 'laps' }])).from, [IMU, { processor: 'laps' }]);
  const own = `import { stream, processor } from 'pitwall';
export default stream('car/{car}/imu').joinAsOf(processor('laps'));
`;
  const plan = await planOf(own, null);
  assert.deepEqual(plan.from, [IMU]);
  assert.deepEqual(await planOf(own, [IMU]), plan);
  assert.deepEqual(await planOf(own, [IMU, { processor: 'laps' }]), plan);
});

test('What is exported must be a frame or give one.', async () => {
  const example = 'write export default (input) => input.filter(…)';
  assert.equal(await faultOf('export const frame = 5;\n', [IMU]), `./m.ts has no default export; ${example}`);
  assert.equal(
    await faultOf('export default { steps: [] };\n', [IMU]),
    `./m.ts exports an object by default, and not a function or a StreamingDataFrame; ${example}`,
  );
  assert.equal(
    await faultOf('export default (input) => { input.drop("az"); };\n', [IMU]),
    './m.ts gives undefined from its default export, and not a StreamingDataFrame; is a return missing?',
  );
  assert.equal(
    await faultOf('export default (inputs) => inputs;\n', [IMU, GPS]),
    './m.ts gives a list from its default export, and not a StreamingDataFrame',
  );
  assert.equal(
    await faultOf('export default (input) => input;\n', null),
    './m.ts exports a function, whose inputs are what "from" names; add from to the processor',
  );
});

test('What "from" names and what the module reads are the same.', async () => {
  const own = "import { stream } from 'pitwall';\nexport default stream('car/{car}/imu').drop('az');\n";
  assert.equal(
    await faultOf(own, [GPS]),
    './m.ts takes its rows from car/{car}/imu, and "from" names car/{car}/gps; let both say the same',
  );
  assert.equal(
    await faultOf(own, [IMU, GPS]),
    './m.ts does not read car/{car}/gps, which "from" names; use it, or take it out of "from"',
  );
});

test('An error in the function is told with its line in the file, be it of a verb or its own.', async () => {
  const verb = `interface Unused { a: 1 }

export default (input) =>
  input
    .withSchema({ speed: 'f64' })
    .filter('sped > 5');
`;
  assert.equal(await faultOf(verb, [IMU]), './m.ts:6:6: filter: unknown column sped; did you mean speed?');
  const own = `type Unused = 1;
function limit(): number {
  throw new RangeError('no limit');
}
export default (input) => input.filter(\`speed > \${limit()}\`);
`;
  assert.equal(await faultOf(own, [IMU]), './m.ts:3:9: it throws RangeError: no limit');
  const early = "import { stream } from 'pitwall';\nconst unused: number = 1;\nexport default stream('car/#/x');\n";
  assert.equal(
    await faultOf(early, null),
    './m.ts:3:16: stream: the stream pattern "car/#/x" may have # only as its last level',
  );
});
