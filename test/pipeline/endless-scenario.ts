import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { partitionOf } from '../../core/partitioner.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { carLines, sendRows, timeMs } from './car-rows.js';

const CARS = 8;
const STUCK_CAR = 3;
const STUCK_AT = 60;
export const PARTITIONS = 4;
/** The thread is ended after 30 s. */
const WATCHED_MS = 120_000;
const cars = Array.from({ length: CARS }, (_, car) => car);
const stuckPartition = partitionOf(`car/${STUCK_CAR}`, PARTITIONS);
const isStuck = (car: number) => partitionOf(`car/${car}`, PARTITIONS) === stuckPartition;

/** Counts the rows of each car, so that one that is taken twice shows. */
const MODULE = (fault: string) => `import { statefulFunction } from 'pitwall';

export default statefulFunction({
  state: { rows: { type: 'i32', initial: 0 } },
  row(row, state, { key }) {
    ${fault}
    state.rows = state.rows! + 1;
    return { rows: state.rows };
  },
});
`;

/**
 * A function that does not return for one row holds up its partition of its processor, until a module that does return is
 * there. One thread has all processors and partitions. Gives the folder with what was written.
 */
export async function endlessFunction(
  t: TestContext,
  bus: string,
  sinks = '',
): Promise<{ dir: string; total: number }> {
  const dir = tempDir('endless');
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: ${bus}
workers: 1
processors:
  counted: { from: car/{car}/a, steps: [ { map: ./count.ts } ] }
  plain: { from: car/{car}/a, steps: [ { columns: { twice: n * 2 } } ] }
sinks:
  out: { type: file, from: [counted, plain], path: ./out }
${sinks}`,
  );
  t.after(() => gateway.kill());
  writeFileSync(join(dir, 'count.ts'), MODULE(`if (key === 'car/${STUCK_CAR}' && row.n === ${STUCK_AT}) for (;;);`));
  await gateway.start();
  let sent = 0;
  const send = async (rows: number) => {
    await sendRows(gateway, CARS, sent, (sent += rows));
  };
  const written = (processor: string) => carLines(dir, `out/${processor}`, CARS);
  const rowsOf = (processor: string) => written(processor).map(({ length }) => length);
  const others = cars.filter((car) => !isStuck(car));
  assert.ok(others.length > 0 && others.length < CARS - 1);

  await send(50);
  await eventually('the first rows', () => rowsOf('counted').every((rows) => rows === 50));
  await send(50);
  const health = async () => (await fetch(`http://${gateway.http}/health`)).text();
  const place = `processor counted, steps\\[0\\], map \\S*count\\.ts, at the row 2024\\S+ \\(timeUs ${timeMs(STUCK_AT) * 1000}\\) of car/${STUCK_CAR}/a`;
  const message = new RegExp(
    `did not return within 30 s at \\S*count\\.ts:\\d+:\\d+ in ${place}, of records? \\d+(?: to \\d+)?, and its thread was ended"`,
  );
  await eventually('the fault', async () => message.test(await health()), WATCHED_MS);
  // What comes now goes on, too.
  await send(50);
  await eventually('all rows of the other processor', () => rowsOf('plain').every((rows) => rows === sent));
  await eventually('all rows of the other partitions', () => others.every((car) => rowsOf('counted')[car] === sent));
  assert.equal((await fetch(`http://${gateway.http}/health`)).status, 503);
  // What was in the thread that was ended opens again at its own pace: a branch to Kafka has to connect.
  const notRunning = async () => {
    const { lanes } = JSON.parse(await health()) as { lanes: { id: string; state: string }[] };
    return lanes.filter(({ state }) => state !== 'running');
  };
  await eventually('all lanes but one to run', async () => (await notRunning()).length === 1);
  const stopped = await notRunning();
  assert.deepEqual(
    stopped.map(({ state }) => state),
    ['stopped'],
  );
  assert.match(stopped[0]!.id, new RegExp(`^processors counted .*\\b${stuckPartition}$`));
  for (const car of cars.filter(isStuck)) assert.ok(rowsOf('counted')[car]! < sent, `car ${car}`);
  assert.equal(await gateway.stop(), 0, gateway.stderr);

  writeFileSync(join(dir, 'count.ts'), MODULE(''));
  await gateway.start();
  await send(50);
  await eventually('all rows', () => [...rowsOf('counted'), ...rowsOf('plain')].every((rows) => rows >= sent));
  assert.equal((await fetch(`http://${gateway.http}/health`)).status, 200);
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  for (const car of cars) {
    assertAllOnce(written('counted')[car]!, sent, `counted/car/${car}`);
    const plain = written('plain')[car]!.map((line) => JSON.parse(line) as { n: number; twice: number });
    assert.deepEqual(
      plain.map(({ n, twice }) => [n, twice]),
      Array.from({ length: sent }, (_, n) => [n, n * 2]),
    );
  }
  return { dir, total: sent };
}

/** Rows of `counted` of a car: each once, in order, counted once. */
export function assertAllOnce(lines: readonly string[], total: number, what: string): void {
  const found = lines.map((line) => JSON.parse(line) as { n: number; rows: number }).map(({ n, rows }) => [n, rows]);
  assert.deepEqual(
    found,
    Array.from({ length: total }, (_, n) => [n, n + 1]),
    what,
  );
}
