import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { SinkUnderTest } from '../contract/sink.js';
import { Receiver } from '../sinks/http/receiver.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { carLines, sendRows, timeMs } from './car-rows.js';

const CARS = 3;
const isRefused = (n: number) => n % 11 === 0;
const numbers = (to: number) => Array.from({ length: to }, (_, n) => n);

function yamlOf(receiver: Receiver, options: string): string {
  return `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 2 } }
sinks:
  out: { type: file, from: "#", path: ./out }
  web:
    type: http
    from: car/{car}/a
    url: ${receiver.origin}/rows
    headers: { Authorization: Bearer hunter2-long }
    positions: true
    batch: { rows: 50, every: 100ms }
    retry: { first: 200ms, max: 500ms }
    ${options}
`;
}

/** The numbers of the rows that the receiver has of each car. */
function keptOf(receiver: Receiver): number[][] {
  const rows = receiver.rows('/rows');
  return numbers(CARS).map((car) => (rows.get(`car/${car}/a`) ?? []).map(({ n }) => n as number));
}

const filed = (dir: string) => carLines(dir, 'out', CARS, '/a');
const filedOf = (dir: string) => filed(dir).map((lines) => lines.length);

describe('the http sink behind the bus', { concurrency: 3 }, () => {
  test('dead-letter: rows that the server refuses are in the dead letters once, with its words, and all others at the server.', async () => {
    const receiver = await new Receiver().start();
    receiver.behave = ({ rows }) =>
      rows.some(({ n }) => isRefused(n as number)) ? { status: 422, body: 'n is a multiple of 11' } : null;
    const dir = tempDir('http-letters');
    const gateway = await new GatewayProcess(dir, yamlOf(receiver, 'onError: dead-letter')).start();
    await sendRows(gateway, CARS, 0, 200);
    const wanted = numbers(200).filter((n) => !isRefused(n));
    await eventually('all others', () => keptOf(receiver).every(({ length }) => length >= wanted.length));
    const metrics = async () => (await fetch(`http://${gateway.http}/metrics`)).text();
    const refused = CARS * (200 - wanted.length);
    await eventually('the counts', async () =>
      new RegExp(`^pitwall_lane_dead_letters_total\\{.*branch web.*\\} ${refused}$`, 'm').test(await metrics()),
    );
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.deepEqual(keptOf(receiver), [wanted, wanted, wanted]);
    await receiver.stop();
    const { code, stdout, stderr } = await pitwall(['dead-letters', 'list', '--json', '--last', '100000'], {
      cwd: dir,
    });
    assert.equal(code, 0, stderr);
    const letters = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    for (const car of numbers(CARS)) {
      const its = letters.filter(({ stream }) => stream === `car/${car}/a`);
      assert.deepEqual(
        its.map(({ original }) => JSON.parse(original!) as { n: number }).sort((a, b) => a.n - b.n),
        numbers(200)
          .filter(isRefused)
          .map((n) => ({ t: timeMs(n) * 1000, n })),
      );
    }
    assert.equal(letters.length, refused);
    for (const { code: of, stage, position, reason } of letters) {
      assert.deepEqual([of, stage], ['sink-failed', 'sink']);
      assert.match(position!, /^sinks\//);
      assert.match(
        reason!,
        /^sink web \(http\): answered 422 Unprocessable Entity: n is a multiple of 11; the row with timeUs \d+ of car\/\d\/a, record \d+ of telemetry\/\d$/,
      );
    }
  });

  test('A server that is away is tried again and costs a branch beside it nothing; back again, it gets every row once.', async () => {
    const receiver = await new Receiver().start();
    const dir = tempDir('http-away');
    const gateway = await new GatewayProcess(dir, yamlOf(receiver, 'timeout: 2s')).start();
    await sendRows(gateway, CARS, 0, 100);
    await eventually('the first rows', () => keptOf(receiver).every(({ length }) => length === 100));
    await receiver.stop();
    await sendRows(gateway, CARS, 100, 300);
    await eventually('the fault', async () => (await gateway.lane('branch web')).state === 'retrying');
    const { error } = await gateway.lane('branch web');
    assert.match(
      error!,
      /^sink "web" \(http http:\/\/127\.0\.0\.1:\d+\): (cannot be reached|broke off its answer) \(.+\)$/,
    );
    await eventually('all rows in the files', () => filedOf(dir).every((count) => count === 300));
    assert.equal((await gateway.lane('branch out')).state, 'running');
    // It comes back in a bad way first.
    receiver.behave = ({ method }) => (method === 'HEAD' ? null : { status: 503, headers: { 'retry-after': '0' } });
    await receiver.start();
    await eventually('503', async () => /answered 503/.test((await gateway.lane('branch web')).error ?? ''));
    // Whoever answers HEAD and takes no row is waited for longer each time.
    await eventually('several attempts in a row', () => {
      return (gateway.stderr.match(/attempt=([3-9]|\d\d) error=.*answered 503/g) ?? []).length >= 3;
    });
    receiver.behave = () => ({ hang: true });
    await eventually('the timeout', async () =>
      /did not answer within 2 s/.test((await gateway.lane('branch web')).error ?? ''),
    );
    await sendRows(gateway, CARS, 300, 320);
    await eventually('the last rows in the files', () => filedOf(dir).every((count) => count === 320));
    receiver.behave = () => null;
    await eventually('all rows', () => keptOf(receiver).every(({ length }) => length === 320));
    await eventually('it runs', async () => {
      const { state, error } = await gateway.lane('branch web');
      return state === 'running' && error === null;
    });
    assert.deepEqual(keptOf(receiver), [numbers(320), numbers(320), numbers(320)]);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    await receiver.stop();
    assert.ok(!gateway.stderr.includes('hunter2'), gateway.stderr);
    assert.deepEqual(
      filed(dir).map((lines) => lines.map((line) => (JSON.parse(line) as { n: number }).n)),
      [numbers(320), numbers(320), numbers(320)],
    );
  });

  test('stop: the branch stays at the row that the server refuses, and the one beside it goes on.', async () => {
    const receiver = await new Receiver().start();
    receiver.behave = ({ rows }) => (rows.some(({ n }) => n === 37) ? { status: 400, body: 'no 37' } : null);
    const dir = tempDir('http-stop');
    const gateway = await new GatewayProcess(dir, yamlOf(receiver, 'onError: stop')).start();
    await sendRows(gateway, CARS, 0, 100);
    await eventually('the fault', async () => (await gateway.lane('branch web')).state === 'stopped');
    assert.match(
      (await gateway.lane('branch web')).error!,
      /: refuses the row with timeUs 1711111111370000 of car\/\d\/a, record \d+ of telemetry\/\d: answered 400 Bad Request: no 37$/,
    );
    await eventually('all rows in the files', () => filedOf(dir).every((count) => count === 100));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    // Once the server takes it, the branch goes on where it stood.
    receiver.behave = () => null;
    await gateway.start();
    await eventually('all rows', () => keptOf(receiver).every(({ length }) => length === 100));
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    await receiver.stop();
    assert.deepEqual(keptOf(receiver), [numbers(100), numbers(100), numbers(100)]);
  });

  test('A module is a sink by itself, in TypeScript, with the options of the file.', async () => {
    const dir = tempDir('sink-module');
    const module = join(process.cwd(), 'examples/sinks/lmdb-rows.ts');
    const yaml = `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 2 } }
sinks:
  rows: { module: ${module}, from: "#", options: { path: ${dir}/rows.lmdb }, batch: { every: 100ms } }
  file: { module: ${module.replace('lmdb-rows', 'one-file')}, from: "#", options: { path: ${dir}/all.jsonl } }
`;
    const gateway = await new GatewayProcess(dir, yaml).start();
    await sendRows(gateway, CARS, 0, 100);
    await eventually('no lag', async () => {
      const page = (await (await fetch(`http://${gateway.http}/health`)).json()) as {
        lanes: { id: string; positions: { offset: number }[] }[];
      };
      const ends = page.lanes.map(({ positions }) => positions.reduce((sum, { offset }) => sum + offset, 0));
      return ends.length === 2 && ends[0]! > 0 && ends[0] === ends[1];
    });
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    for (const example of ['lmdb-rows', 'one-file']) {
      const module = new URL(`../../../examples/sinks/${example}.contract.mjs`, import.meta.url);
      const { underTest } = (await import(module.href)) as { underTest: SinkUnderTest };
      const rows = await underTest.readRows(dir);
      assert.deepEqual([...rows.keys()].sort(), ['car/0/a', 'car/1/a', 'car/2/a']);
      for (const [stream, list] of rows) {
        const found = list.map(({ n, timeUs }) => [n, timeUs] as [number, number]);
        if (underTest.ordered === false) found.sort(([a], [b]) => a - b);
        assert.deepEqual(
          found,
          numbers(100).map((n) => [n, timeMs(n) * 1000]),
          `${example} ${stream}`,
        );
      }
    }
  });
});
