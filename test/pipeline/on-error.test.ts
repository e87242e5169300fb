import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const ROWS = 400;
const CARS = 3;
const fails = (n: number) => n % 7 === 0;
const numbers = Array.from({ length: ROWS }, (_, n) => n);

function yaml(onError: string): string {
  return `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 2 } }
processors:
  counted:
    from: car/{car}/a
    steps: [ { map: ./count.ts } ]
    onError: ${onError}
sinks: { out: { type: file, from: counted, path: ./out } }
`;
}

/** Counts the rows that it took; a row that fails was not counted. */
const COUNT = `import { statefulFunction } from 'pitwall';

export default statefulFunction({
  state: { rows: { type: 'i32', initial: 0 } },
  reads: { n: 'i64' },
  row(row, state) {
    state.rows = state.rows! + 1;
    if (Number(row.n) % 7 === 0) throw new Error('n is ' + row.n);
    return { rows: state.rows };
  },
});
`;

interface Written {
  n: number;
  rows: number;
}

/** What the sink has of a car; the last line may be in the making. */
function written(dir: string, car: number): Written[] {
  const file = join(dir, 'out/counted', `car/${car}.jsonl`);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Written);
}

async function send(gateway: GatewayProcess, from: number, to: number): Promise<void> {
  const client = await IngestClient.connect(gateway.http);
  for (let n = from; n < to; n++) {
    for (let car = 0; car < CARS; car++) client.send({ stream: `car/${car}/a`, t: T + n * 10, n });
  }
  await client.until('all acks', () => client.acked === (to - from) * CARS);
  await client.close();
}

function prepare(onError: string): { dir: string; gateway: GatewayProcess } {
  const dir = tempDir(onError);
  writeFileSync(join(dir, 'count.ts'), COUNT);
  // For the commands beside the gateway.
  writeFileSync(join(dir, 'pitwall.yaml'), yaml(onError));
  return { dir, gateway: new GatewayProcess(dir, yaml(onError)) };
}

/** Waits for all rows that do not fail, in their order: their count says that a failing row left the state as it was. */
async function assertTheOthers(dir: string, passes: (n: number) => boolean): Promise<void> {
  const wanted = numbers.filter(passes).map((n, i) => [n, i + 1]);
  await eventually('all rows', () => [0, 1, 2].every((car) => written(dir, car).length >= wanted.length));
  for (let car = 0; car < CARS; car++) {
    assert.deepEqual(
      written(dir, car).map(({ n, rows }) => [n, rows]),
      wanted,
      `car ${car}`,
    );
  }
}

async function metricsOf(gateway: GatewayProcess): Promise<string> {
  return (await fetch(`http://${gateway.http}/metrics`)).text();
}

test('dead-letter: rows that a function fails for are in the dead letters once, and all others in the sink once, kill -9 or not', async () => {
  const { dir, gateway } = prepare('dead-letter');
  await gateway.start();
  await send(gateway, 0, 200);
  await eventually('some rows', () => written(dir, 0).length > 0);
  await gateway.kill();
  await gateway.start();
  await send(gateway, 200, ROWS);
  await assertTheOthers(dir, (n) => !fails(n));
  assert.match(await metricsOf(gateway), /^pitwall_lane_dead_letters_total\{.*\} [1-9]/m);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const { code, stdout, stderr } = await pitwall(['dead-letters', 'list', '--json', '--last', '10000'], { cwd: dir });
  assert.equal(code, 0, stderr);
  const letters = stdout
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { stream: string; code: string; stage: string; reason: string; original: string },
    );
  for (let car = 0; car < CARS; car++) {
    const its = letters.filter(({ stream }) => stream === `car/${car}/a`);
    const originals = its.map(({ original }) => JSON.parse(original) as object);
    assert.deepEqual(
      originals.sort((a, b) => (a as Written).n - (b as Written).n),
      numbers.filter(fails).map((n) => ({ t: (T + n * 10) * 1000, n })),
    );
  }
  const [{ code: why, stage, reason }] = letters as [(typeof letters)[0]];
  assert.deepEqual([why, stage], ['processor-failed', 'processor']);
  assert.match(
    reason,
    /^processor counted, steps\[0\], map \S*count\.ts:8:40: Error: n is \d+; at the row 20\S+ \(timeUs \d+\) of car\/\d\/a, of record \d+$/,
  );
});

test('skip: rows that a function fails for are left out, counted, and said once', async () => {
  const { dir, gateway } = prepare('skip');
  await gateway.start();
  await send(gateway, 0, ROWS);
  await assertTheOthers(dir, (n) => !fails(n));
  const counts = [...(await metricsOf(gateway)).matchAll(/^pitwall_lane_skipped_rows_total\{.*\} (\d+)/gm)];
  const skipped = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  assert.equal(skipped, CARS * numbers.filter(fails).length);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const lines = gateway.stderr.split('\n').filter((line) => line.includes('rows that a step fails for are left out'));
  // Once a lane, of which each partition has one.
  assert.ok(lines.length > 0 && lines.length <= CARS, lines.join('\n'));
});

test('stop: nothing passes the row that a function fails for, and with the module repaired it goes on where it stood', async () => {
  const { dir, gateway } = prepare('stop');
  await gateway.start();
  await send(gateway, 0, ROWS);
  const health = async () => (await (await fetch(`http://${gateway.http}/health`)).text()) as string;
  await eventually('the fault', async () =>
    /processor counted, steps\[0\], map \S*count\.ts:8:40: Error: n is 0/.test(await health()),
  );
  assert.equal((await fetch(`http://${gateway.http}/health`)).status, 503);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  assert.deepEqual(written(dir, 0), []);
  writeFileSync(join(dir, 'count.ts'), COUNT.replace(/if .*/, ''));
  await gateway.start();
  await assertTheOthers(dir, () => true);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
});
