import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LogBus } from '../../../bus/log/log-bus.js';
import type { PitwallError } from '../../../core/errors.js';
import { meta, value } from '../../contract/bus.js';
import { readAll } from './read-all.js';

const root = mkdtempSync(join(tmpdir(), 'pitwall-durable-'));
after(() => rmSync(root, { recursive: true, force: true }));

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

test('a commit resolves only after its pages were synced and its meta page was written through O_DSYNC', (t) => {
  if (!runs('strace', '-f', '-e', 'trace=none', 'true')) return t.skip('NOT TESTED: strace cannot be used here');
  const module = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);
  const script = `
    import { writeSync } from 'node:fs';
    import { LogBus } from ${module('../../../bus/log/log-bus.js')};
    import { meta, value } from ${module('../../contract/bus.js')};
    const bus = LogBus.open({ dir: ${JSON.stringify(join(root, 'traced'))}, partitions: 2 });
    for (let n = 0; n < 10; n++) {
      const commit = bus.begin();
      for (const p of [0, 1]) commit.append('telemetry', p, meta(n), value(Buffer.alloc(100_000, n)));
      writeSync(1, 'SUBMIT\\n');
      await commit.commit();
      writeSync(1, 'DURABLE\\n');
    }`;
  const trace = join(root, 'trace');
  const args = ['-f', '-y', '-e', 'trace=openat,pwrite64,pwritev,writev,write,fdatasync', '-o', trace];
  execFileSync('strace', [...args, process.execPath, '--input-type=module', '-e', script], { stdio: 'pipe' });
  const calls = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('data.mdb') || /SUBMIT|DURABLE/.test(line));
  const synced = calls.find((line) => line.includes('O_DSYNC'))?.match(/= (\d+)/)?.[1];
  assert.ok(synced, 'LMDB opens its file with O_DSYNC for the meta page');
  let steps = '';
  for (const line of calls) {
    if (line.includes('SUBMIT')) steps += 'S';
    else if (line.includes('DURABLE')) steps += 'D';
    else if (/fdatasync\(/.test(line) && !line.includes('unfinished')) steps += 'f';
    else if (/fdatasync resumed/.test(line)) steps += 'f';
    else if (new RegExp(`write64\\(${synced}<`).test(line)) steps += 'm';
    else if (/writev?|pwrite/.test(line)) steps += 'w';
  }
  const commits = steps.slice(steps.indexOf('S'), steps.lastIndexOf('D') + 1);
  assert.match(commits, /^(Sw+f+mD){10}$/);
});

test('a full disk rejects the commit with bus-failed, shows nothing of it, and writing goes on when there is room', async (t) => {
  const mount = join(root, 'small');
  if (!runs('mkdir', mount) || !runs('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount)) {
    return t.skip('NOT TESTED: no right to mount a small file system');
  }
  const ballast = join(mount, 'ballast');
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1M', 'count=3'], { stdio: 'ignore' });
    const bus = LogBus.open({ dir: join(mount, 'log'), partitions: 2 });
    let stored = 0;
    const put = async (): Promise<void> => {
      const commit = bus.begin();
      for (const p of [0, 1]) commit.append('telemetry', p, meta(stored), value(Buffer.alloc(200_000, stored)));
      commit.setFact('test', 'last', Buffer.from(String(stored)));
      await commit.commit();
      stored++;
    };
    const failure = await (async () => {
      for (;;) await put();
    })().catch((error: PitwallError) => error);
    assert.equal(failure.code, 'bus-failed', failure.stack);
    assert.equal(failure.retryable, true);
    assert.match(failure.message, /is the disk full\?: (No space left on device|Input\/output error)/);
    assert.ok(stored >= 5, `${stored} commits went in`);
    const both = [bus.begin(), bus.begin()];
    for (const commit of both) commit.append('telemetry', 0, meta(99), value(Buffer.alloc(1_000_000)));
    for (const settled of await Promise.allSettled(both.map((commit) => commit.commit()))) {
      assert.equal(settled.status, 'rejected');
    }
    assert.equal(bus.fact('test', 'last')?.toString(), String(stored - 1));
    for (const p of [0, 1]) assert.equal(bus.end('telemetry', p), stored);
    rmSync(ballast);
    for (let i = 0; i < 3; i++) await put();
    await bus.close();
    const again = LogBus.open({ dir: join(mount, 'log') });
    for (const p of [0, 1]) {
      const records = readAll(again, 'telemetry', p);
      assert.deepEqual(
        records.map((r) => [r.sequence, r.value.every((byte) => byte === r.sequence)]),
        Array.from({ length: stored }, (_, i) => [i, true]),
      );
    }
    await again.close();
  } finally {
    runs('umount', '--lazy', mount);
  }
});
