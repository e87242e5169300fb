import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LogBus } from '../../../bus/log/log-bus.js';
import { LogStore } from '../../../bus/log/log-store.js';
import type { PitwallError } from '../../../core/errors.js';
import { meta, value } from '../../contract/bus.js';
import { readAll } from './read-all.js';

const root = mkdtempSync(join(tmpdir(), 'pitwall-open-'));
after(() => rmSync(root, { recursive: true, force: true }));
let places = 0;
const place = (): string => join(root, String(places++));

function refusal(code: string, ...parts: RegExp[]): (error: PitwallError) => boolean {
  return (error) => {
    assert.equal(error.name, 'PitwallError');
    assert.equal(error.code, code);
    for (const part of parts) assert.match(error.message, part);
    return true;
  };
}

test('another number of partitions is refused with both numbers and what to do', async () => {
  const dir = place();
  await LogBus.open({ dir, partitions: 4 }).close();
  assert.throws(
    () => LogBus.open({ dir, partitions: 12 }),
    refusal('bad-configuration', /made with 4 partitions and cannot have 12/, /another folder/),
  );
  const bus = LogBus.open({ dir });
  assert.equal(bus.partitions, 4);
  await bus.close();
});

test('numbers of partitions that make no sense are refused', () => {
  for (const partitions of [0, -1, 1.5, Number.NaN, 70_000]) {
    assert.throws(() => LogBus.open({ dir: place(), partitions }), refusal('bad-configuration', /partitions/));
  }
  assert.throws(() => LogBus.open({ dir: place() }), refusal('bus-failed', /say how many partitions/));
});

test('reading where no log is, or where the path is a file, is a clear error and makes nothing', () => {
  assert.throws(() => LogBus.open({ dir: place(), readOnly: true }), refusal('bus-failed', /holds no log/));
  const file = place();
  writeFileSync(file, 'x');
  assert.throws(() => LogBus.open({ dir: file, partitions: 1 }), refusal('bus-failed', /cannot open the log/));
  const rubbish = place();
  mkdirSync(rubbish);
  for (const bytes of [Buffer.alloc(65_536, 0x5a), Buffer.alloc(10), Buffer.alloc(8192)]) {
    writeFileSync(join(rubbish, 'data.mdb'), bytes);
    assert.throws(() => LogBus.open({ dir: rubbish, partitions: 1 }), refusal('bus-failed', /not the file of a log/));
  }
});

test('a second writer of the same process is refused while the first is open', async () => {
  const dir = place();
  const first = LogBus.open({ dir, partitions: 1 });
  assert.throws(() => LogBus.open({ dir, partitions: 1 }), refusal('bus-failed', /open for writing in this process/));
  const commit = first.begin();
  commit.append('telemetry', 0, meta(1), value('still works'));
  await commit.commit();
  await first.close();
  const second = LogBus.open({ dir, partitions: 1 });
  assert.equal(readAll(second, 'telemetry', 0)[0]?.value.toString(), 'still works');
  await second.close();
});

test('a second writer in another process is refused, and names the process that holds the log', async () => {
  const dir = place();
  const first = LogBus.open({ dir, partitions: 1 });
  const module = pathToFileURL(join(import.meta.dirname, '../../../bus/log/log-bus.js')).href;
  const script = `import { LogBus } from ${JSON.stringify(module)}; LogBus.open({ dir: ${JSON.stringify(dir)}, partitions: 1 });`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  await first.close();
  if (process.platform !== 'linux') return;
  assert.equal(child.status, 1);
  assert.match(child.stderr, new RegExp(`open for writing in process ${process.pid} already`));
});

test('a writer whose log was taken over can commit nothing more, and spoils nothing', async () => {
  const dir = place();
  const first = LogBus.open({ dir, partitions: 1 });
  const before = first.begin();
  before.append('telemetry', 0, meta(1), value('before'));
  await before.commit();
  // What a writer on a machine without /proc, or in another container, would do: raise the epoch.
  const store = new LogStore(dir, false);
  store.change(() => {
    store.writer.put(Buffer.from('writer'), Buffer.from('{"pid":0,"started":null}'), 99);
  });
  await store.close();
  const late = first.begin();
  late.append('telemetry', 0, meta(2), value('late'));
  late.setFact('t', 'k', Buffer.from('late'));
  await assert.rejects(late.commit(), refusal('bus-failed', /another process has opened the log/));
  assert.equal(first.end('telemetry', 0), 1);
  assert.equal(first.fact('t', 'k'), undefined);
  await first.close();
  const second = LogBus.open({ dir, partitions: 1 });
  assert.deepEqual(
    readAll(second, 'telemetry', 0).map((r) => r.value.toString()),
    ['before'],
  );
  await second.close();
});

test('keys of facts that do not fit, topics that do not fit, and tables without a name are refused at once', async () => {
  const bus = LogBus.open({ dir: place(), partitions: 1 });
  const commit = bus.begin();
  assert.throws(
    () => commit.setFact('clients', 'x'.repeat(2000), Buffer.alloc(1)),
    refusal('bus-failed', /2000 bytes/, /hash/),
  );
  assert.throws(() => commit.setFact('', 'k', null), refusal('internal', /table/));
  assert.throws(() => commit.setFact('a\0b', 'k', null), refusal('internal', /table/));
  assert.throws(() => commit.append('t'.repeat(513), 0, meta(1), value('')), refusal('internal', /512 bytes/));
  assert.throws(() => commit.append('', 0, meta(1), value('')), refusal('internal', /512 bytes/));
  commit.setFact('clients', 'ü'.repeat(750), Buffer.from('a long key'));
  await commit.commit();
  assert.equal(bus.fact('clients', 'ü'.repeat(750))?.toString(), 'a long key');
  await bus.close();
});

test('a value that writes more than it announced is refused and harms nothing', async () => {
  const bus = LogBus.open({ dir: place(), partitions: 1 });
  const commit = bus.begin();
  const liar = { bytesMax: 2, write: (target: Buffer, at: number) => at + target.write('much more than that', at) };
  assert.throws(() => commit.append('telemetry', 0, meta(1), liar), refusal('internal', /announced 2/));
  commit.append('telemetry', 0, meta(2), value('fine'));
  await commit.commit();
  assert.deepEqual(
    readAll(bus, 'telemetry', 0).map((r) => r.value.toString()),
    ['fine'],
  );
  await bus.close();
});

test('a closed or read-only log refuses to write, and a commit cannot be used twice', async () => {
  const dir = place();
  const bus = LogBus.open({ dir, partitions: 1 });
  const commit = bus.begin();
  commit.append('telemetry', 0, meta(1), value('a'));
  await commit.commit();
  assert.throws(
    () => commit.append('telemetry', 0, meta(2), value('b')),
    refusal('internal', /committed or abandoned/),
  );
  const reader = LogBus.open({ dir, readOnly: true });
  assert.throws(() => reader.begin(), refusal('bus-failed', /reading only/));
  assert.throws(() => reader.hold('x', 'telemetry', 0, 0), refusal('bus-failed', /reading only/));
  assert.equal(reader.storedBytes, bus.storedBytes);
  await reader.close();
  const left = bus.begin();
  await bus.close();
  await bus.close();
  assert.throws(() => bus.begin(), refusal('bus-failed', /closed/));
  left.abandon();
});
