import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { jsonLines } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const SECONDS = 20;
/** From this second on the position comes three seconds late, where a row waits one. */
const SLOW_FROM = 8;
const yamlOf = (bus: string) => `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: ${bus}
processors:
  at:
    from: car/{car}/imu
    steps: [ { join: { with: "car/{car}/gps", wait: 1s, keep: left, late: stream } } ]
  slow:
    from: at.late
    steps: [ { columns: { kmh: speed * 3.6 } } ]
sinks:
  joined: { type: file, from: at, path: ./joined }
  late: { type: file, from: [at.late, slow], path: ./late }
`;

type Written = Record<string, unknown>;

/** What a sink has of an output; the last line may be in the making. */
function written(dir: string, output: string): Written[] {
  const lines = (jsonLines(join(dir, output)).get('car/44') ?? '').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Written);
}

/** The readings that a car sends in a second, in their order. */
function readings(second: number): object[] {
  const gps = (of: number) => ({ stream: 'car/44/gps', t: T + of * 1000, speed: of });
  const imu = (tenth: number) => ({ stream: 'car/44/imu', t: T + second * 1000 + tenth * 100, ax: second });
  const before = second < SLOW_FROM ? [gps(second)] : [];
  const behind = second >= SLOW_FROM + 3 ? [gps(second - 3)] : [];
  return [...before, ...Array.from({ length: 10 }, (_, tenth) => imu(tenth)), ...behind];
}

async function send(gateway: GatewayProcess, from: number, to: number): Promise<void> {
  const client = await IngestClient.connect(gateway.http);
  const all = Array.from({ length: to - from }, (_, i) => readings(from + i)).flat();
  for (const reading of all) client.send(reading);
  await client.until('all acks', () => client.acked === all.length);
  await client.close();
}

/**
 * Right rows that came too late are in the second output once each, before and after a kill, and another processor reads
 * them. `bus`: the settings below it.
 */
export async function lateRowsOnce(t: TestContext, bus: string): Promise<void> {
  const dir = tempDir('late-output');
  const gateway = new GatewayProcess(dir, yamlOf(bus));
  t.after(() => gateway.kill());
  await gateway.start();
  await send(gateway, 0, 14);
  await gateway.kill();
  await gateway.start();
  await send(gateway, 14, SECONDS);
  const late = Array.from({ length: SECONDS - 3 - SLOW_FROM }, (_, i) => SLOW_FROM + i);
  await eventually('all rows', () => {
    const joined = written(dir, 'joined/at').length === SECONDS * 10;
    return (
      joined && written(dir, 'late/at.late').length >= late.length && written(dir, 'late/slow').length >= late.length
    );
  });
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  assert.deepEqual(
    written(dir, 'late/at.late').map(({ speed, lateFrom }) => [speed, lateFrom]),
    late.map((second) => [second, 'car/44/gps']),
  );
  assert.deepEqual(
    written(dir, 'late/slow').map(({ kmh }) => kmh),
    late.map((second) => second * 3.6),
  );
  const matched = written(dir, 'joined/at').filter(({ ax, speed }) => speed === ax);
  assert.equal(matched.length, SLOW_FROM * 10);
}
