import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import {
  allThere,
  assertLetters,
  assertTheOthers,
  CARS,
  COUNT,
  fails,
  prepare,
  send,
  written,
} from './failing-scenario.js';

const ROWS = 400;
const passes = (n: number) => !fails(n);

async function metricsOf(gateway: GatewayProcess): Promise<string> {
  return (await fetch(`http://${gateway.http}/metrics`)).text();
}

describe('onError', { concurrency: 3 }, () => {
  test('dead-letter: rows that a function fails for are in the dead letters once, and all others in the sink once, kill -9 or not', async () => {
    const { dir, yaml } = prepare('dead-letter');
    const gateway = await new GatewayProcess(dir, yaml).start();
    await send(gateway, 0, 200);
    await eventually('some rows', () => written(dir)[0]!.length > 0);
    await gateway.kill();
    await gateway.start();
    await send(gateway, 200, ROWS);
    await allThere(dir, ROWS, passes);
    assertTheOthers(written(dir), ROWS, passes);
    assert.match(await metricsOf(gateway), /^pitwall_lane_dead_letters_total\{.*\} [1-9]/m);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    await assertLetters(dir, ROWS);
  });

  test('skip: rows that a function fails for are left out, counted, and said once', async () => {
    const { dir, yaml } = prepare('skip');
    const gateway = await new GatewayProcess(dir, yaml).start();
    await send(gateway, 0, ROWS);
    await allThere(dir, ROWS, passes);
    assertTheOthers(written(dir), ROWS, passes);
    const counts = [...(await metricsOf(gateway)).matchAll(/^pitwall_lane_skipped_rows_total\{.*\} (\d+)/gm)];
    const skipped = counts.reduce((sum, [, count]) => sum + Number(count), 0);
    assert.equal(skipped, CARS * Array.from({ length: ROWS }, (_, n) => n).filter(fails).length);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    const lines = gateway.stderr.split('\n').filter((line) => line.includes('rows that a step fails for are left out'));
    // Once a lane, of which each partition has one.
    assert.ok(lines.length > 0 && lines.length <= CARS, lines.join('\n'));
  });

  test('stop: nothing passes the row that a function fails for, and with the module repaired it goes on where it stood', async () => {
    const { dir, yaml } = prepare('stop');
    const gateway = await new GatewayProcess(dir, yaml).start();
    await send(gateway, 0, ROWS);
    const health = async () => (await (await fetch(`http://${gateway.http}/health`)).text()) as string;
    await eventually('the fault', async () =>
      /processor counted, steps\[0\], map \S*count\.ts:8:40: Error: n is 0/.test(await health()),
    );
    assert.equal((await fetch(`http://${gateway.http}/health`)).status, 503);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.deepEqual(written(dir), [[], [], []]);
    writeFileSync(join(dir, 'count.ts'), COUNT.replace(/if .*/, ''));
    await gateway.start();
    await allThere(dir, ROWS, () => true);
    assertTheOthers(written(dir), ROWS, () => true);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  });
});
