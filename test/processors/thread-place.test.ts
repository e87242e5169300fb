import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { threadPlace } from '../../processors/thread-place.js';
import { folderWith } from '../support/folder-with.js';

const LOAD = new URL('../../processors/modules/load-module.js', import.meta.url).href;

/** What stands above the functions is gone in JavaScript. */
const MODULE = `import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
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
  parentPort!.postMessage('calls');
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

/** A worker thread that runs a function of the module when it is told to. */
async function threadIn(name: string): Promise<Worker> {
  const worker = new Worker(join(folder, 'thread.mjs'), { workerData: name, execArgv: ['--enable-source-maps'] });
  await once(worker, 'message');
  return worker;
}

/** Asked until it has begun. */
async function placeIn(name: string): Promise<string> {
  const worker = await threadIn(name);
  worker.postMessage('go');
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
  ['loop', /^\.\/work\.ts:10:\d+$/],
  ['regexp', /^\.\/work\.ts:13:\d+$/],
  ['later', /^\.\/work\.ts:10:\d+$/],
  ['inPackage', /^\.\/work\.ts:20:3$/],
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
  // Held open, so that whoever reads it waits for bytes, and can be let go.
  const end = openSync(pipe, 'r+');
  const [idle, waits] = await Promise.all([threadIn('nothing'), threadIn('systemCall')]);
  try {
    const calls = once(waits, 'message');
    for (const worker of [idle, waits]) worker.postMessage('go');
    await calls;
    // Until it is in the call, and the other has nothing to do again, they are in their files.
    for (const { threadId } of [idle, waits]) while ((await threadPlace(threadId)) !== null);
  } finally {
    closeSync(end);
    await Promise.all([idle.terminate(), waits.terminate()]);
  }
});
