import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const ROWS = 600;
const CARS = 3;
const fails = (n: number) => n % 7 === 0;
const numbers = Array.from({ length: ROWS }, (_, n) => n);

function yaml(onError: string): string {
  return `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
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

async function run(onError: string): Promise<{ dir: string; metrics: string; stderr: string }> {
  const dir = tempDir(onError);
  writeFileSync(join(dir, 'count.ts'), COUNT);
  writeFileSync(join(dir, 'pitwall.yaml'), yaml(onError));
  const gateway = await new GatewayProcess(dir, yaml(onError)).start();
  await send(gateway, 0, 200);
  await eventually('some rows', () => written(dir, 0).length > 0);
  await gateway.kill();
  await gateway.start();
  await send(gateway, 200, 400);
  await gateway.kill();
  await gateway.start();
  await send(gateway, 400, ROWS);
  const all = numbers.filter((n) => !fails(n)).length;
  await eventually('all rows', () => [0, 1, 2].every((car) => written(dir, car).length === all));
  const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  for (let car = 0; car < CARS; car++) {
    // The count says that a failing row left the state as it was.
    const wanted = numbers.filter((n) => !fails(n)).map((n, i) => [n, i + 1]);
    assert.deepEqual(
      written(dir, car).map(({ n, rows }) => [n, rows]),
      wanted,
      `car ${car}`,
    );
  }
  return { dir, metrics, stderr: gateway.stderr };
}

test('dead-letter: rows that a function fails for are in the dead letters once, and all others in the sink once, kill -9 or not', async () => {
  const { dir, metrics } = await run('dead-letter');
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
  assert.match(metrics, /^pitwall_lane_dead_letters_total\{.*\} [1-9]/m);
});

test('skip: rows that a function fails for are left out, counted, and said once', async () => {
  const { dir, metrics, stderr } = await run('skip');
  const { stdout } = await pitwall(['dead-letters', 'list', '--json'], { cwd: dir });
  assert.equal(stdout, '');
  assert.match(metrics, /^pitwall_lane_skipped_rows_total\{.*\} [1-9]/m);
  const lines = stderr.split('\n').filter((line) => line.includes('rows that a step fails for are left out'));
  // At most once a lane, of which each of the three starts has one a partition.
  assert.ok(lines.length > 0 && lines.length <= 3 * CARS, lines.join('\n'));
});
