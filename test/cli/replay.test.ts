import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StrictIngestServer } from '../devices/strict-ingest-server.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, MAIN, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';

const CSV = 't,speed,note\n1714564800.25,1.5,"a, b"\n1714564800.5,NaN,\n1714564800.75,3,x\n17145648';

function gatewayYaml(mqtt: number, http: number): string {
  return (
    `gateway: { mqtt: "127.0.0.1:${mqtt}", http: "127.0.0.1:${http}" }\nbus: { log: { dir: ./bus } }\n` +
    'sinks: { files: { type: file, from: "#", path: ./out, format: jsonl } }\n'
  );
}

const rowsOf = (dir: string, stream: string): Record<string, unknown>[] =>
  readFileSync(join(dir, `out/${stream}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('replay stores the same rows over MQTT and over WebSocket, as JSON and packed, and the cut line is refused', async (t) => {
  const dir = tempDir('replay');
  const gateway = await new GatewayProcess(dir, gatewayYaml(0, 0)).start();
  t.after(() => gateway.kill());
  const file = join(dir, 'drive.csv');
  writeFileSync(file, CSV);
  const ways: [stream: string, ...args: string[]][] = [
    ['mqtt1', '--to', `mqtt://${gateway.mqtt}`, '--mqtt-version', '3.1.1'],
    ['mqtt5', '--to', `mqtt://${gateway.mqtt}`, '--format', 'packed', '--qos', '2'],
    ['text', '--to', `ws://${gateway.http}/ingest`, '--format', 'json', '--batch', '2'],
    ['packed', '--to', `ws://${gateway.http}`, '--batch', '100'],
    ['socket', '--to', `ws://${gateway.http}/mqtt`],
  ];
  for (const [stream, ...args] of ways) {
    const result = await pitwall(['replay', file, '--speed', 'max', '--stream', `car/${stream}/{file}`, ...args]);
    assert.equal(result.code, 0, result.stderr);
    const summary = JSON.parse(result.stdout);
    assert.equal(summary.acknowledged + summary.rejected, summary.messages);
    // Version 3.1.1 has no reason code: what was refused is acknowledged like all else.
    assert.equal(summary.rejected, stream === 'mqtt1' ? 0 : 1);
    assert.deepEqual(summary.files[0], { path: file, stream: `car/${stream}/drive`, rows: 3, sentAsTheyStand: 1 });
  }
  await gateway.stop();
  for (const [stream] of ways) {
    const rows = rowsOf(dir, `car/${stream}/drive`).map(({ timeUs, recorded_t, speed = null, note = null }) => {
      return { timeUs, recorded_t, speed, note };
    });
    assert.deepEqual(
      rows,
      [
        { timeUs: 1714564800250000, recorded_t: 1714564800.25, speed: 1.5, note: 'a, b' },
        { timeUs: 1714564800500000, recorded_t: 1714564800.5, speed: null, note: null },
        { timeUs: 1714564800750000, recorded_t: 1714564800.75, speed: 3, note: 'x' },
      ],
      stream,
    );
  }
  const letters = await pitwall(['dead-letters', 'list', '-c', join(dir, 'pitwall.yaml')]);
  assert.equal(letters.stdout.trimEnd().split('\n').length, ways.length);
});

test('a fleet loses nothing and stores nothing twice while its gateway is killed again and again', async (t) => {
  const dir = tempDir('simulate');
  const gateway = await new GatewayProcess(dir, gatewayYaml(await freePort(), await freePort())).start();
  t.after(() => gateway.kill());
  const drive = (prefix: string, ...args: string[]) =>
    pitwall([
      'simulate',
      '--cars',
      '2',
      '--seconds',
      '40',
      '--speed',
      '8',
      '--prefix',
      prefix,
      '--start',
      '2024-05-01T12:00:00Z',
      ...args,
    ]);
  const drives = [
    drive('ws', '--to', `ws://${gateway.http}`, '--burst'),
    drive('mq', '--to', `mqtt://${gateway.mqtt}`, '--qos', '2'),
  ];
  // A first connection that is refused ends a sender: it may have been told a wrong address.
  await eventually('all cars are connected', async () => {
    const { mqtt, websocket } = await gateway.connections();
    return mqtt! >= 2 && websocket! >= 2;
  });
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await gateway.kill();
    await gateway.start();
  }
  for (const result of await Promise.all(drives)) {
    assert.equal(result.code, 0, result.stderr);
    const summary = JSON.parse(result.stdout);
    assert.equal(summary.rows, 2 * 40 * 201);
    assert.equal(summary.acknowledged, summary.messages);
  }
  await gateway.stop();
  const rates = { imu: 100, wheels: 50, g: 20, engine: 20, gps: 10, temps: 1 };
  for (const prefix of ['ws', 'mq']) {
    for (const car of [1, 2]) {
      for (const [stream, rate] of Object.entries(rates)) {
        const times = rowsOf(dir, `${prefix}/${car}/${stream}`).map((row) => row.timeUs as number);
        assert.equal(times.length, 40 * rate, `${prefix}/${car}/${stream}`);
        assert.equal(new Set(times).size, times.length);
      }
    }
  }
});

test('a replay that was ended goes on behind the last durable message when it has a name', async (t) => {
  const server = await StrictIngestServer.start({ windowBytes: 1000 });
  t.after(() => server.stop());
  const dir = tempDir('resume');
  const lines = Array.from({ length: 50 }, (_, i) => `${1714564800 + i},${i}`);
  const part = join(dir, 'a.csv');
  writeFileSync(part, `t,n\n${lines.slice(0, 20).join('\n')}\n`);
  const args = ['--to', server.url, '--speed', 'max', '--client', 'logger'];
  assert.equal((await pitwall(['replay', part, ...args])).code, 0);
  writeFileSync(part, `t,n\n${lines.join('\n')}\n`);
  const result = await pitwall(['replay', part, ...args]);
  assert.equal(JSON.parse(result.stdout).acknowledged, 50);
  assert.deepEqual(
    server.stored,
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  assert.deepEqual(server.faults, []);
});

test('SIGINT ends a paced run cleanly with its summary', async (t) => {
  const server = await StrictIngestServer.start({ windowBytes: 100_000 });
  t.after(() => server.stop());
  const child = spawn(process.execPath, [MAIN, 'simulate', '--seconds', '600', '--to', server.url]);
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  while (server.stored.length < 5) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  const summary = JSON.parse(stdout);
  assert.equal(summary.interrupted, true);
  assert.equal(summary.acknowledged, summary.messages);
});

test('wrong usage and a gateway that is not there end with a clear message and the right exit code', async () => {
  const dir = tempDir('usage');
  const file = join(dir, 'x.csv');
  writeFileSync(file, 't,a\n12.5,1\n');
  const url = `ws://127.0.0.1:${await freePort()}`;
  const cases: [args: string[], code: number, message: RegExp][] = [
    [['replay', '--to', url], 2, /replay takes at least one FILE/],
    [['replay', file], 2, /replay needs --to URL/],
    [
      ['replay', file, '--to', url, '--unit', 's'],
      2,
      /does not count from 1970: its first row would be at 1970-01-01T00:00:12/,
    ],
    [['replay', file, '--to', url], 2, /no row whose column "t" tells a time; name another with --time, or its --unit/],
    [
      ['replay', file, '--to', url, '--unit', 's', '--start', 'now'],
      1,
      /the gateway at ws:\/\/127\.0\.0\.1:\d+\/ingest cannot be used: .*ECONNREFUSED/,
    ],
    [['simulate', '--to', url, '--cars', '0'], 2, /--cars takes a whole number from 1/],
    [['simulate', '--to', url, '--speed', 'fast'], 2, /--speed takes a number over 0/],
    [['bench', 'nothing'], 2, /there is no case "nothing"; there are burst/],
  ];
  for (const [args, code, message] of cases) {
    const result = await pitwall(args);
    assert.equal(result.code, code, `${args.join(' ')}\n${result.stderr}`);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, '');
  }
});
