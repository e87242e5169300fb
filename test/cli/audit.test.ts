import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sendRows } from '../pipeline/car-rows.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';

const CARS = 2;
const ROWS = 50;

interface Line {
  branch: string;
  stream: string;
  bus: number;
  waiting: number;
  stored: number | null;
  lost: number | null;
  duplicated: number | null;
}

test('The audit finds each row that a store lacks or has twice, and what a paused branch has yet to write.', async (t) => {
  const dir = tempDir('audit');
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
processors:
  twice: { from: car/{car}/a, steps: [ { columns: { m: n * 2 } } ] }
sinks:
  lines: { type: file, from: ["#", twice], path: ./lines }
  table: { type: file, from: "#", path: ./table, format: csv }
  packed: { type: file, from: "#", path: ./packed, format: parquet }
  resting: { type: file, from: "#", path: ./resting }
`,
  );
  t.after(() => gateway.kill());
  await gateway.start();
  await sendRows(gateway, CARS, 0, ROWS);
  const file = join(dir, 'pitwall.yaml');
  const paused = await pitwall(['branch', 'pause', 'resting', '-c', file]);
  assert.equal(paused.code, 0, paused.stderr);
  await sendRows(gateway, CARS, ROWS, 2 * ROWS);
  assert.equal(await gateway.stop(), 0, gateway.stderr);

  const audit = async (...args: string[]) => {
    const { code, stdout, stderr } = await pitwall(['audit', '--json', '-c', file, ...args]);
    const all = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as object);
    const lines = all.filter((line): line is Line => 'branch' in line);
    return { code, stderr, lines, accepted: all.filter((line) => !('branch' in line)) };
  };
  const good = await audit();
  assert.equal(good.code, 0, good.stderr);
  assert.deepEqual(
    good.accepted,
    ['car/0/a', 'car/1/a'].map((stream) => ({
      stream,
      accepted: 2 * ROWS,
      bus: 2 * ROWS,
      spooled: 0,
      refused: 0,
      failed: 0,
    })),
  );
  const all = { bus: 2 * ROWS, waiting: 0, stored: 2 * ROWS, lost: 0, duplicated: 0 };
  const counts = ({ bus, waiting, stored, lost, duplicated }: Line) => ({ bus, waiting, stored, lost, duplicated });
  assert.deepEqual(
    good.lines.map(({ branch, stream }) => `${branch} ${stream}`),
    [
      ...['car/0/a', 'car/1/a', 'twice/car/0', 'twice/car/1'].map((stream) => `lines ${stream}`),
      ...['table', 'packed', 'resting'].flatMap((branch) => [`${branch} car/0/a`, `${branch} car/1/a`]),
    ],
  );
  for (const line of good.lines) {
    const wanted = line.branch === 'resting' ? { ...all, waiting: ROWS, stored: ROWS } : all;
    assert.deepEqual(counts(line), wanted, `${line.branch} ${line.stream}`);
  }

  const tapped = await pitwall(['tap', 'twice/#', '--from', 'start', '--rows', String(CARS * 2 * ROWS), '-c', file]);
  assert.equal(tapped.stdout.split('\n').length - 1, CARS * 2 * ROWS, 'tap shows each row of an output');

  // A store that somebody has changed behind the gateway's back.
  const jsonl = join(dir, 'lines/car/0/a.jsonl');
  const rows = readFileSync(jsonl, 'utf8').split('\n').slice(0, -1);
  writeFileSync(jsonl, [...rows.slice(3), rows[10]].map((row) => `${row}\n`).join(''));
  rmSync(join(dir, 'packed/car/1'), { recursive: true });
  const bad = await audit();
  assert.equal(bad.code, 1);
  const of = (branch: string, stream: string) =>
    counts(bad.lines.find((line) => line.branch === branch && line.stream === stream)!);
  assert.deepEqual(of('lines', 'car/0/a'), { ...all, stored: 2 * ROWS - 3, lost: 3, duplicated: 1 });
  assert.deepEqual(of('packed', 'car/1/a'), { ...all, stored: 0, lost: 2 * ROWS });
  assert.deepEqual(of('table', 'car/1/a'), all);

  appendFileSync(file, '  later: { type: file, from: "#", path: ./later }\n');
  const later = await audit('later');
  assert.equal(later.code, 0, 'a sink that has not begun yet');
  assert.deepEqual(
    later.lines.map(({ waiting, stored, lost }) => [waiting, stored, lost]),
    [
      [2 * ROWS, 0, 0],
      [2 * ROWS, 0, 0],
    ],
  );

  const some = await audit('table', '--stream', 'car/1/#');
  assert.deepEqual(
    some.lines.map(({ branch, stream }) => `${branch} ${stream}`),
    ['table car/1/a'],
  );
  assert.equal(some.code, 0);
  assert.deepEqual(some.accepted, []);
  const text = await pitwall(['audit', 'lines', '--stream', 'car/0/a', '-c', file]);
  assert.equal(text.stdout, 'lines  car/0/a  100 on the bus: 97 stored, 3 lost, 1 duplicated\n');
  const front = await pitwall(['audit', '--stream', 'car/1/a', '-c', file]);
  assert.match(front.stdout, /^gateway {2}car\/1\/a {2}100 accepted, on the bus\nlines {2}car\/1\/a/);
  const wrong = await pitwall(['audit', 'linse', '-c', file]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /there is no sink "linse"; did you mean "lines"/);
});
