import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { closeAll, openTopic } from '../../pipeline/bus-reader.js';
import { loadConfig } from '../../pipeline/config/load-config.js';
import { readTimes } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/read-packed.js';
import { eventually } from '../support/eventually.js';
import { type GatewayProcess, pitwall } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { carLines, sendRows, timeMs } from './car-rows.js';

export const CARS = 3;
export const fails = (n: number) => n % 7 === 0;
const cars = Array.from({ length: CARS }, (_, car) => car);

/** Counts the rows that it took; a row that fails was not counted. */
export const COUNT = `import { statefulFunction } from 'pitwall';

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

const yamlOf = (onError: string, bus: string, sinks: string, ports: readonly number[]) => `
gateway: { mqtt: 127.0.0.1:${ports[0]}, http: 127.0.0.1:${ports[1]} }
bus: ${bus}
processors:
  counted:
    from: car/{car}/a
    steps: [ { map: ./count.ts } ]
    onError: ${onError}
sinks:
  out: { type: file, from: counted, path: ./out }
${sinks}`;

interface Letter {
  position: string;
  stream: string;
  code: string;
  stage: string;
  reason: string;
  original: string;
}

/** A folder with a module that fails for some rows, and a configuration that has it. */
export function prepare(
  onError: string,
  { bus = '{ log: { dir: ./bus, partitions: 2 } }', sinks = '', ports = [0, 0] } = {},
): { dir: string; yaml: string } {
  const dir = tempDir(onError);
  const yaml = yamlOf(onError, bus, sinks, ports);
  writeFileSync(join(dir, 'count.ts'), COUNT);
  // For the commands beside the gateway.
  writeFileSync(join(dir, 'pitwall.yaml'), yaml);
  return { dir, yaml };
}

/** The rows `from` up to `to` of each car. */
export async function send(gateway: GatewayProcess, from: number, to: number): Promise<void> {
  await sendRows(gateway, CARS, from, to);
}

/** What the file sink has of each car; a last line may be in the making. */
export function written(dir: string): string[][] {
  return carLines(dir, 'out/counted', CARS);
}

/** Waits for as many rows of each car as pass of the `total`. */
export async function allThere(dir: string, total: number, passes: (n: number) => boolean): Promise<void> {
  const count = numbersTo(total).filter(passes).length;
  await eventually('all rows', () => written(dir).every(({ length }) => length >= count));
}

/** The rows of each car that pass, once and in their order: their count says that a failing row left the state as it was. */
export function assertTheOthers(rows: readonly string[][], total: number, passes: (n: number) => boolean): void {
  const wanted = numbersTo(total)
    .filter(passes)
    .map((n, i) => [n, i + 1]);
  assert.equal(rows.length, CARS);
  for (const [car, lines] of rows.entries()) {
    const found = lines.map((line) => JSON.parse(line) as Record<string, number>).map(({ n, rows }) => [n, rows]);
    assert.deepEqual(found, wanted, `car ${car}`);
  }
}

/** Each row that fails is in the dead letters once, with its cause, step, position and what was sent. */
export async function assertLetters(dir: string, total: number): Promise<void> {
  const { code, stdout, stderr } = await pitwall(['dead-letters', 'list', '--json', '--last', '100000'], { cwd: dir });
  assert.equal(code, 0, stderr);
  const letters = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Letter);
  const wanted = numbersTo(total)
    .filter(fails)
    .map((n) => ({ t: timeMs(n) * 1000, n }));
  for (const car of cars) {
    const its = letters.filter(({ stream }) => stream === `car/${car}/a`);
    const originals = its.map(({ original }) => JSON.parse(original) as { t: number; n: number });
    assert.deepEqual(
      originals.sort((a, b) => a.n - b.n),
      wanted,
      `car ${car}`,
    );
  }
  assert.equal(letters.length, wanted.length * CARS);
  const records = await sentRecords(dir);
  for (const { position, stream, code: why, stage, reason, original } of letters) {
    assert.deepEqual([why, stage], ['processor-failed', 'processor']);
    const { t, n } = JSON.parse(original) as { t: number; n: number };
    const place =
      /^processor counted, steps\[0\], map \S*count\.ts:8:40: Error: n is (\d+); at the row 20\S+ \(timeUs (\d+)\) of (\S+), of record (\d+)$/.exec(
        reason,
      );
    assert.ok(place, reason);
    assert.deepEqual(place.slice(1, 4), [String(n), String(t), stream]);
    const partition = /(\d+)\/\d+$/.exec(position)![1];
    assert.ok(records.get(`${partition}/${place[4]} ${stream}`)?.includes(t), `${reason} is not there`);
  }
}

/** The times of the rows in each record that devices sent, by its position and stream. */
async function sentRecords(dir: string): Promise<Map<string, number[]>> {
  const records = new Map<string, number[]>();
  const open = await openTopic(await loadConfig(join(dir, 'pitwall.yaml'), {}), TELEMETRY_TOPIC);
  for (const { bus, topic, partition } of open) {
    for (let offset = await bus.start(topic, partition); ; ) {
      const run = await bus.read(topic, partition, offset, 1 << 20);
      if (run.next === offset && run.records.length === 0) break;
      for (const { offset: at, stream, kind, value } of run.records) {
        if (kind !== 'data') continue;
        const part = readPacked(value);
        const times = new Float64Array(part.rows);
        readTimes(part, times, 0);
        records.set(`${partition}/${at} ${stream}`, [...times]);
      }
      offset = run.next;
    }
  }
  await closeAll(open);
  return records;
}

function numbersTo(total: number): number[] {
  return Array.from({ length: total }, (_, n) => n);
}
