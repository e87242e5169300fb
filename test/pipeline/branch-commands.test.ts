import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { jsonLines } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';
import { sendRows } from './car-rows.js';

const CARS = 3;

test('A paused branch rests, also after a restart, while the others go on; resumed, it has every row once.', async (t) => {
  const dir = tempDir('paused');
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks:
  one: { type: file, from: "#", path: ./one }
  two: { type: file, from: "#", path: ./two }
`,
  );
  t.after(() => gateway.kill());
  await gateway.start();
  let sent = 0;
  const send = async (rows: number) => {
    await sendRows(gateway, CARS, sent, (sent += rows));
  };
  const lines = (sink: string) => {
    const files = jsonLines(join(dir, sink));
    return Array.from({ length: CARS }, (_, car) => (files.get(`car/${car}/a`) ?? '').split('\n').slice(0, -1));
  };
  const has = (sink: string, rows: number) => lines(sink).every(({ length }) => length === rows);
  const branch = async (...args: string[]) => {
    const { code, stdout, stderr } = await pitwall(['branch', ...args, '-c', join(dir, 'pitwall.yaml')]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const state = async () => {
    const { lanes, status } = (await (await fetch(`http://${gateway.http}/health`)).json()) as {
      status: string;
      lanes: { id: string; state: string }[];
    };
    return `${status}: ${lanes.map(({ id, state }) => `${id} ${state}`).join(', ')}`;
  };

  await send(20);
  await eventually('the first rows', () => has('one', sent) && has('two', sent));
  assert.equal(await branch('pause', 'one'), 'one: pause: done\n');
  assert.equal(await state(), 'ok: branch one paused, branch two running');
  const before = sent;
  await send(20);
  await eventually('all rows in the other', () => has('two', sent));
  assert.ok(has('one', before), 'the paused branch wrote');
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  await gateway.start();
  await send(20);
  await eventually('all rows in the other', () => has('two', sent));
  assert.ok(has('one', before), 'the branch wrote though it was paused before the restart');
  assert.equal(await branch('list'), 'one  file  paused\ntwo  file  runs with the process\n');
  // Twice is once.
  await branch('pause', 'one');
  await branch('resume', 'one');
  await eventually('all rows', () => has('one', sent));
  await send(20);
  await eventually('all rows', () => has('one', sent) && has('two', sent));
  assert.equal(await state(), 'ok: branch one running, branch two running');

  const refused = await pitwall(['branch', 'rewind', 'one', '--to', 'start', '-c', join(dir, 'pitwall.yaml')]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /a file sink keeps its positions with its rows and cannot go back/);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const wanted = Array.from({ length: sent }, (_, n) => n);
  for (const sink of ['one', 'two']) {
    for (const rows of lines(sink))
      assert.deepEqual(
        rows.map((line) => (JSON.parse(line) as { n: number }).n),
        wanted,
      );
  }
});

test('A command to a branch that nobody runs waits for who starts, and wrong ones are refused with what there is.', async () => {
  const dir = tempDir('wish');
  const yaml = `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks: { one: { type: file, from: "#", path: ./one } }
`;
  const gateway = new GatewayProcess(dir, yaml);
  await gateway.start();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const file = join(dir, 'pitwall.yaml');
  const waiting = await pitwall(['branch', 'pause', 'one', '--wait', '0.2', '-c', file]);
  assert.equal(waiting.code, 1);
  assert.match(waiting.stderr, /not done yet; a process that runs, or starts, will do it/);
  for (const [args, message] of [
    [['pause', 'ona'], /there is no sink "ona"; did you mean "one"/],
    [['stop', 'one'], /takes an action: list, pause, resume or rewind/],
    [['pause'], /takes the name of one sink/],
    [['rewind', 'one'], /takes --to/],
  ] as const) {
    const { code, stderr } = await pitwall(['branch', ...args, '-c', file]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  await gateway.start();
  await eventually('the pause', async () => {
    const { stdout } = await pitwall(['branch', 'list', '-c', file]);
    return stdout === 'one  file  paused\n';
  });
  assert.equal(await gateway.stop(), 0, gateway.stderr);
});
