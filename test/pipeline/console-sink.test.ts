import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { carLines, sendRows, timeMs } from './car-rows.js';

const CARS = 2;
const YAML = `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 2 } }
sinks:
  look: { type: console, from: "car/{car}/a" }
  out: { type: file, from: "car/{car}/a", path: ./out }
`;

/** The rows of each car as numbers, in the order in which they came out; each line must be whole. */
function printed(gateway: GatewayProcess): number[][] {
  const rows: number[][] = Array.from({ length: CARS }, () => []);
  const lines = gateway.stdout.slice(0, gateway.stdout.lastIndexOf('\n') + 1).split('\n');
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('ready '))) {
    const { stream, timeUs, car, n } = JSON.parse(line) as { stream: string; timeUs: number; car: string; n: number };
    assert.deepEqual([stream, timeUs], [`car/${car}/a`, timeMs(n) * 1000]);
    rows[Number(car)]!.push(n);
  }
  return rows;
}

const filed = (dir: string) => carLines(dir, 'out', CARS, '/a').map(({ length }) => length);

const numbers = (to: number) => Array.from({ length: to }, (_, n) => n);
const isWhole = (rows: number[][], count: number) => rows.every(({ length }) => length === count);

describe('the console sink behind the bus', { concurrency: 2 }, () => {
  test('Rows are lines of standard output in their order, and none comes again after an orderly end.', async () => {
    const gateway = await new GatewayProcess(tempDir('console'), YAML).start();
    await sendRows(gateway, CARS, 0, 100);
    await eventually('the rows', () => isWhole(printed(gateway), 100));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    await gateway.start();
    await sendRows(gateway, CARS, 100, 150);
    await eventually('the others', () => printed(gateway).every(({ length }) => length >= 150));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.deepEqual(printed(gateway), [numbers(150), numbers(150)]);
  });

  test('A reader that does not read holds up this branch alone, and gets every row once it reads.', async () => {
    const dir = tempDir('console-slow');
    const gateway = await new GatewayProcess(dir, YAML).start();
    gateway.output.pause();
    // More than a pipe and the reader's own buffer hold.
    await sendRows(gateway, CARS, 0, 5_000);
    await eventually('all rows in the files', () => filed(dir).every((count) => count === 5_000));
    assert.ok(
      printed(gateway).some(({ length }) => length < 5_000),
      'it waits',
    );
    gateway.output.resume();
    await eventually('all rows', () => isWhole(printed(gateway), 5_000));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.deepEqual(printed(gateway), [numbers(5_000), numbers(5_000)]);
  });

  test('A reader that ends stops this branch alone, which goes on with the next start.', async () => {
    const dir = tempDir('console-ended');
    const gateway = await new GatewayProcess(dir, YAML).start();
    gateway.output.destroy();
    await sendRows(gateway, CARS, 0, 50);
    await eventually('it stops', async () => (await gateway.lane('branch look')).state === 'stopped');
    assert.match((await gateway.lane('branch look')).error!, /^sink "look" cannot write to standard output: EPIPE/);
    await eventually('all rows in the files', () => filed(dir).every((count) => count === 50));
    assert.equal((await gateway.lane('branch out')).state, 'running');
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    await gateway.start();
    await eventually('all rows', () => isWhole(printed(gateway), 50));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.deepEqual(printed(gateway), [numbers(50), numbers(50)]);
  });
});
