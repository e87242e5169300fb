import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { threadPlace } from '../../processors/thread-place.js';
import { folderWith } from '../support/folder-with.js';

const LOAD = new URL('../../processors/modules/load-module.js', import.meta.url).href;

/** What stands above the functions is gone in JavaScript. */
const MODULE = `import { readFileSync } from 'node:fs';
import { spin } from 'spinner';

interface Work {
  sum: number;
}

export function loop(work: Work): void {
  for (;;) work.sum = (work.sum * 31 + 7) % 1_000_003;
}
export function regexp(): boolean {
  return /(a+)+b/.test('a'.repeat(64));
}
export async function later(work: Work): Promise<void> {
  await null;
  loop(work);
}
export function inPackage(): void {
  spin(40);
}
export function systemCall(): void {
  readFileSync(new URL('./pipe', import.meta.url));
}
export function nothing(): void {}
`;

let folder: string;

before(() => {
  folder = folderWith({
    'work.ts': MODULE,
    'thread.mjs': `import { parentPort, workerData } from 'node:worker_threads';
import { loadModule } from '${LOAD}';
const module = await loadModule(new URL('./work.ts', import.meta.url).pathname);
parentPort.on('message', () => module[workerData]({ sum: 1 }));
parentPort.postMessage('ready');
`,
    'node_modules/spinner/package.json': '{ "name": "spinner", "type": "module", "exports": "./index.js" }',
    'node_modules/spinner/index.js':
      'export function spin(depth) {\n  if (depth > 0) spin(depth - 1);\n  for (;;);\n}\n',
  });
});

/** A worker thread that has been told to run a function of the module. */
async function threadIn(name: string): Promise<Worker> {
  const worker = new Worker(join(folder, 'thread.mjs'), { workerData: name, execArgv: ['--enable-source-maps'] });
  await new Promise((ready) => worker.once('message', ready));
  worker.postMessage('go');
  return worker;
}

/** Asked until it has begun. */
async function placeIn(name: string): Promise<string> {
  const worker = await threadIn(name);
  try {
    for (;;) {
      const place = await threadPlace(worker.threadId);
      // What calls the function is a file of the folder, too.
      if (place !== null && !place.includes('thread.mjs')) return place.replace(folder, '.');
    }
  } finally {
    await worker.terminate();
  }
}

const PLACES: [name: string, place: RegExp][] = [
  ['loop', /^\.\/work\.ts:9:\d+$/],
  ['regexp', /^\.\/work\.ts:12:\d+$/],
  ['later', /^\.\/work\.ts:9:\d+$/],
  ['inPackage', /^\.\/work\.ts:19:3$/],
];

for (const [name, place] of PLACES) {
  test(`A thread that does not return from "${name}" is in its line of the TypeScript file, and can be ended.`, {
    timeout: 60_000,
  }, async () => {
    assert.match(await placeIn(name), place);
  });
}

test('A thread that is in no file of a user, or in a call of the system, has no place, and is not waited for.', {
  timeout: 60_000,
}, async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [idle, waits] = await Promise.all([threadIn('nothing'), threadIn('systemCall')]);
  assert.equal(await threadPlace(idle.threadId), null);
  assert.equal(await threadPlace(waits.threadId), null);
  writeFileSync(pipe, '');
  await Promise.all([idle.terminate(), waits.terminate()]);
});
