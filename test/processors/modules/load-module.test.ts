import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { PitwallError } from '../../../core/errors.js';
import * as pitwall from '../../../pipeline/index.js';
import { loadModule } from '../../../processors/modules/load-module.js';
import { folderWith } from '../../support/folder-with.js';

async function faultOf(folder: string, name: string): Promise<string> {
  try {
    await loadModule(join(folder, name));
  } catch (error) {
    assert.ok(error instanceof PitwallError, String((error as Error).stack));
    assert.equal(error.code, 'bad-configuration');
    return error.message.replaceAll(folder, '.');
  }
  throw new Error(`${name} was loaded`);
}

test('TypeScript and JavaScript are loaded as they stand, with or without a package.json that calls them modules.', async () => {
  const folder = folderWith({
    'typed.ts': 'enum Gear { first = 1 }\nexport default (x: number): number => x + Gear.first;\n',
    'typed.mts': 'export const n: number = 2;\n',
    'plain.js': 'export const n = 3;\n',
    'plain.mjs': 'export const n = 4;\n',
    'esm/package.json': '{"type":"module"}',
    'esm/a.js': 'export const n = 5;\n',
    'old/package.json': '{"type":"commonjs"}',
    'old/a.js': 'exports.n = 6;\n',
  });
  const load = async (name: string) => (await loadModule(join(folder, name))) as Record<string, never>;
  assert.equal(((await load('typed.ts')).default as (x: number) => number)(1), 2);
  const values = await Promise.all(['typed.mts', 'plain.js', 'plain.mjs', 'esm/a.js', 'old/a.js'].map(load));
  assert.deepEqual(
    values.map(({ n }) => n),
    [2, 3, 4, 5, 6],
  );
});

test('An import of ./x.js in a TypeScript file finds x.ts, a type import is gone, and names with spaces are found.', async () => {
  const folder = folderWith({
    'a b/main.ts': `import type { Row } from './row.js';
import { Row as Same } from './row.js';
import { twice } from './lib/twice.js';
import { half } from './lib/half.ts';
import { plain } from './plain.js';
const row: Row & Same = { x: twice(4) };
export const x = half(row.x) + plain;
`,
    'a b/row.ts': 'export interface Row { x: number }\n',
    'a b/lib/twice.ts': 'export const twice = (x: number): number => 2 * x;\n',
    'a b/lib/half.ts': 'export const half = (x: number): number => x / 2;\n',
    'a b/plain.js': 'export const plain = 100;\n',
  });
  assert.equal((await loadModule(join(folder, 'a b/main.ts'))).x, 104);
});

test('The package pitwall is this one wherever a module stands, and packages beside the module are found.', async () => {
  const folder = folderWith({
    'laps.ts': `import { PitwallError, stream } from 'pitwall';\nimport { circuit } from 'circuits';\nexport { PitwallError, stream, circuit };\n`,
    'node_modules/circuits/package.json': '{"name":"circuits","type":"module","exports":"./index.js"}',
    'node_modules/circuits/index.js': "export const circuit = 'Spa';\n",
  });
  const module = await loadModule(join(folder, 'laps.ts'));
  assert.equal(module.PitwallError, pitwall.PitwallError);
  assert.equal(module.stream, pitwall.stream);
  assert.equal(module.circuit, 'Spa');
});

test('A module that is not there, or is none, is named with what may have been meant.', async () => {
  const folder = folderWith({ 'laps.ts': '', 'laps.txt': '', 'dir.js/x': '' });
  assert.equal(await faultOf(folder, 'lap.ts'), './lap.ts is not there; did you mean "laps.ts"?');
  assert.equal(await faultOf(folder, 'none/lap.ts'), './none/lap.ts is not there, nor is its folder; check the path');
  assert.equal(
    await faultOf(folder, 'laps.txt'),
    './laps.txt is no module: its name must end in .ts, .mts, .js or .mjs',
  );
  assert.equal(await faultOf(folder, 'dir.js'), './dir.js is a folder; name the file of the module');
});

test('Wrong syntax is told with file, line, column and the line, also in what the module imports.', async () => {
  const folder = folderWith({
    'bad.ts': 'export const a = 1;\nexport const b: number = ;\n',
    'bad.js': 'export const a = 1;\n\nexport const b = ;\n',
    'imports.ts': "import './deep/typed.js';\n",
    'deep/typed.ts': 'export const b: number = ;\n',
    'names.ts': "import { nothing } from './some.js';\nexport default nothing;\n",
    'some.ts': 'export const something = 1;\n',
  });
  assert.equal(await faultOf(folder, 'bad.ts'), './bad.ts:2:26: Unexpected ";"\n  export const b: number = ;');
  assert.equal(await faultOf(folder, 'bad.js'), './bad.js:3:18: Unexpected ";"\n  export const b = ;');
  assert.match(await faultOf(folder, 'imports.ts'), /^\.\/deep\/typed\.ts:1:26: Unexpected ";"\n/);
  assert.match(
    await faultOf(folder, 'names.ts'),
    /^\.\/names\.ts:1:10: No matching export in ".*some\.ts" for import "nothing"\n {2}import \{ nothing \}/,
  );
});

test('An import that is not found, and an error while loading, are told with their place.', async () => {
  const folder = folderWith({
    'file.ts': "import './gear.js';\n",
    'package.ts': "import 'no-such-package';\n",
    'throws.ts':
      'interface Unused { a: number }\n\nfunction fail(): never {\n  throw new TypeError("no car");\n}\nfail();\n',
    'throws-text.ts': 'throw "no car";\n',
  });
  assert.equal(
    await faultOf(folder, 'file.ts'),
    "./file.ts cannot be loaded: it does not find module './gear.js' imported from ./file.ts; write the import with the ending of the file",
  );
  assert.equal(
    await faultOf(folder, 'package.ts'),
    "./package.ts cannot be loaded: it does not find package 'no-such-package' imported from ./package.ts; install the package beside the module",
  );
  assert.equal(await faultOf(folder, 'throws.ts'), './throws.ts:4:9: it throws TypeError: no car');
  assert.equal(await faultOf(folder, 'throws-text.ts'), './throws-text.ts: it throws no car');
});

test('A worker thread loads TypeScript too, and its stacks have the lines of the file.', async () => {
  const folder = folderWith({
    'fails.ts':
      'interface A { a: number }\n\nexport default (a: A): number => {\n  if (a.a > 0) throw new Error("here");\n  return 0;\n};\n',
  });
  const loader = new URL('../../../processors/modules/load-module.js', import.meta.url).href;
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     import(${JSON.stringify(loader)}).then(async ({ loadModule }) => {
       const { default: fail } = await loadModule(${JSON.stringify(join(folder, 'fails.ts'))});
       try { fail({ a: 1 }); } catch (error) { parentPort.postMessage(error.stack); }
     });`,
    { eval: true },
  );
  const stack = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  assert.ok(stack.includes(`${join(folder, 'fails.ts')}:4:22`), stack);
});
