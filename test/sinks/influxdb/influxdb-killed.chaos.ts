import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Sink } from '../../../sinks/sink.js';
import { type Row, rowsOf, seeded, workload } from '../../contract/sink-workload.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { influxdb2 } from '../../servers/influxdb2-server.js';
import type { Lifecycle } from '../../servers/real-servers.js';
import { databases1, databases2 } from './databases.js';
import { sinkFor } from './deliver.js';
import { readPoints } from './read-points.js';
import type { Databases } from './under-test.js';

const KILLS = 8;
const RECORDS = 6_000;
const isRow = (row: object) => Object.values(row).length > 2;

async function surviveKills(t: TestContext, server: Lifecycle, databases: Databases): Promise<void> {
  await databases.make('race');
  const target = databases.target('race');
  const { sink } = sinkFor(t, {
    target,
    timeoutMs: 3_000,
    batch: { rows: 200, bytes: 1e6, everyMs: 20 },
    options: { measurement: '{stream}' },
  });
  const batches = workload(11, RECORDS);
  const random = seeded(12);
  let kills = 0;
  let faults = 0;
  let isDone = false;
  const killing = (async () => {
    while (kills < KILLS && !isDone) {
      await new Promise((next) => setTimeout(next, 100 + random() * 500));
      await server.kill();
      kills++;
      await server.start();
    }
  })();
  const next = new Map<number, number>();
  const takeUp = async (): Promise<void> => {
    for (;;) {
      try {
        next.clear();
        for (const { partition, offset } of await sink.open()) next.set(partition, offset);
        return;
      } catch {
        faults++;
        await new Promise((again) => setTimeout(again, 50));
      }
    }
  };
  await takeUp();
  // Feeds all of it, from the start each time, until it has come through with the last kill behind it.
  for (let rounds = 0; ; rounds++) {
    assert.ok(rounds < 500, 'it never came to its end');
    try {
      await feed(
        sink,
        batches.filter(({ partition, offset }) => offset >= (next.get(partition) ?? 0)),
      );
      if (kills >= KILLS) break;
      // All stored while there are kills to come: written once more, which changes nothing.
      next.clear();
      const { sink: again } = sinkFor(t, {
        target,
        batch: { rows: 200, bytes: 1e6, everyMs: 20 },
        options: { measurement: '{stream}' },
      });
      await again.open();
      await feed(again, batches);
    } catch {
      faults++;
      await takeUp();
    }
  }
  isDone = true;
  await killing;
  t.diagnostic(`${kills} kills, ${faults} faults`);
  assert.ok(faults >= KILLS / 2, `${faults} faults`);
  const stored = await readPoints(databases.place('race'));
  for (const [stream, rows] of rowsOf(batches)) {
    const wanted = rows.filter((row) => isRow(finite(row)));
    assert.deepEqual(times(stored.get(stream)!), times(wanted), stream);
  }
}

function times(rows: readonly Row[]): number[] {
  return rows.map(({ timeUs }) => timeUs as number).sort((a, b) => a - b);
}

function finite(row: object): object {
  return Object.fromEntries(
    Object.entries(row).filter(([, cell]) => typeof cell !== 'number' || Number.isFinite(cell)),
  );
}

async function feed(sink: Sink, batches: ReturnType<typeof workload>): Promise<void> {
  for (let i = 0; i < batches.length; i += 20) {
    await sink.write(batches.slice(i, i + 20));
    if (i % 200 === 0) await sink.flush(false);
    await new Promise((next) => setImmediate(next));
  }
  await sink.flush(true);
}

test(
  'Rows are in InfluxDB 1 once each though it is killed again and again while they are written.',
  await influxdb1.needsOwn(),
  async (t) => {
    const server = await influxdb1.start();
    await surviveKills(t, server, databases1(server));
    await server.stop();
  },
);

test(
  'Rows are in InfluxDB 2 once each though it is killed again and again while they are written.',
  await influxdb2.needsOwn(),
  async (t) => {
    const server = await influxdb2.start();
    await surviveKills(t, server, databases2(server));
    await server.stop();
  },
);
