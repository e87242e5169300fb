import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogBus } from '../../../bus/log/log-bus.js';
import { readAll } from './read-all.js';

const KILLS = 12;
const root = mkdtempSync(join(tmpdir(), 'pitwall-kill-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Lets a writer run, kills it after `ms` since its first acknowledgement, and returns the last number it acknowledged. */
async function killedWriter(dir: string, ms: number, ...more: string[]): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-writer.js'), dir, ...more]);
  let out = '';
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const first = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (out.includes('\n')) resolve();
    });
  });
  const gone = once(child, 'close');
  await Promise.race([first, gone]);
  await sleep(ms);
  assert.equal(child.exitCode, null, `the writer ended by itself: ${errors}`);
  child.kill('SIGKILL');
  await gone;
  return Number(out.slice(0, out.lastIndexOf('\n')).split('\n').at(-1));
}

/** Checks all that is kept against the rule the writer follows; returns the last number. */
async function check(dir: string, acknowledged: number, complete: boolean): Promise<number> {
  const bus = LogBus.open({ dir, readOnly: true });
  const last = Number(bus.fact('test', 'last')!.toString());
  assert.ok(last >= acknowledged, `${acknowledged} was acknowledged, but ${last} is the last that is there`);
  for (let p = 0; p < 4; p++) {
    const start = bus.start('telemetry', p);
    if (complete) assert.equal(start, 0);
    assert.equal(bus.end('telemetry', p), Math.floor((last - p) / 4) + 1, 'the fact and the records are of one commit');
    const records = readAll(bus, 'telemetry', p, start);
    assert.equal(records.length, bus.end('telemetry', p) - start);
    for (const [i, record] of records.entries()) {
      const number = (start + i) * 4 + p;
      assert.equal(record.offset, start + i);
      assert.equal(record.sequence, number);
      assert.equal(record.value.length, (number * 104_729) % 4000);
      assert.ok(record.value.every((byte) => byte === (number & 255)));
    }
  }
  await bus.close();
  return last;
}

test(`a writer killed ${KILLS} times at random points has lost nothing it acknowledged, and left nothing half`, async () => {
  const dir = join(root, 'plain');
  let last = -1;
  for (let kill = 0; kill < KILLS; kill++) {
    const acknowledged = await killedWriter(dir, Math.random() * 150);
    const now = await check(dir, acknowledged, true);
    assert.ok(now > last, 'each run went on where the one before was killed');
    last = now;
  }
});

test('the same holds while the writer drops old records to keep within its size', async () => {
  const dir = join(root, 'ring');
  let last = -1;
  for (let kill = 0; kill < 4; kill++) {
    const acknowledged = await killedWriter(dir, 50 + Math.random() * 150, String(2 ** 20));
    const now = await check(dir, acknowledged, false);
    assert.ok(now > last);
    last = now;
  }
  const bus = LogBus.open({ dir });
  const account = bus.storedBytes;
  assert.ok(account <= 2 * 2 ** 20, `${account} bytes are kept`);
  await bus.close();
});
