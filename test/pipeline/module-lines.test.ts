import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DebuggedProcess } from '../support/debugger.js';
import { eventually } from '../support/eventually.js';
import { folderWith } from '../support/folder-with.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, MAIN } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';

/** Line 10 raises an error for slow rows; what stands above it is gone in JavaScript. */
const MODULE = `import { stream } from 'pitwall';

interface Limits {
  low: number;
}
const limits: Limits = { low: 10 };

export default stream('car/{car}/imu', { speed: 'f64' }).map(({ speed }) => {
  const fast = (speed ?? 0) > limits.low;
  if (!fast) throw new RangeError('too slow');
  return { fast };
});
`;

async function yaml(workers: number): Promise<string> {
  return `gateway: { mqtt: off, http: 127.0.0.1:${await freePort()} }
bus: { log: { dir: ./bus } }
processors: { fast: { use: ./fast.ts } }
sinks: { out: { type: file, from: fast, path: ./out } }
workers: ${workers}
`;
}

for (const workers of [0, 1]) {
  const where = workers === 0 ? 'in the main thread' : 'in a worker';
  test(`An error in a function of a module is told with its line in the TypeScript file, ${where}.`, async () => {
    const folder = folderWith({ 'fast.ts': MODULE });
    const gateway = await new GatewayProcess(folder, await yaml(workers)).start();
    try {
      const client = await IngestClient.connect(gateway.http);
      client.send({ stream: 'car/1/imu', t: 1711111111000, speed: 5 });
      await eventually('the error', () => gateway.stderr.includes('too slow'));
      assert.ok(gateway.stderr.includes(`${join(folder, 'fast.ts')}:10:20: RangeError: too slow`), gateway.stderr);
      await client.close();
    } finally {
      await gateway.kill();
    }
  });
}

test('With workers: 0 a breakpoint by file and line stops in the function of a module, for the row that comes.', async () => {
  const folder = folderWith({ 'fast.ts': MODULE, 'pitwall.yaml': await yaml(0) });
  const url = pathToFileURL(join(folder, 'fast.ts')).href;
  const command = ['--enable-source-maps', MAIN, 'run', '-c', join(folder, 'pitwall.yaml')];
  const debugged = await DebuggedProcess.start(command, url, 9);
  try {
    let stdout = '';
    debugged.child.stdout!.on('data', (text) => {
      stdout += text;
    });
    await eventually('the gateway', () => stdout.includes('ready'));
    const client = await IngestClient.connect(/http=(\S+)/.exec(stdout)![1]!);
    client.send({ stream: 'car/1/imu', t: 1711111111000, speed: 42 });
    const { line, frame } = await debugged.pause();
    assert.equal(line, 9);
    assert.equal(await debugged.evaluate(frame, 'speed'), 42);
  } finally {
    debugged.kill();
  }
});
