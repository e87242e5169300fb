import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { jsonLines, rowCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

const ROWS = 200;

test('replay --from-bus reads the Kafka topic beside a process that owns it, and gives the rows of its branch.', {
  ...needsSharedKafka(),
}, async (t) => {
  const { brokers } = await sharedKafka();
  const dir = tempDir('kafka-reprocess');
  const name = uniqueName('reprocess');
  const yaml = `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { kafka: { brokers: [${brokers.join(', ')}], topic: ${name}, group: ${name}, partitions: 3, spool: ./spool, state: ./state } }
processors:
  place:
    from: car/{car}/imu
    steps: [ { join: { with: "car/{car}/gps", how: linear, wait: 60s } } ]
sinks: { out: { type: file, from: place, path: ./out } }
`;
  const gateway = await new GatewayProcess(dir, yaml).start();
  t.after(() => gateway.kill());
  const client = await IngestClient.connect(gateway.http);
  const startMs = 1711111111000;
  for (let i = 0; i < ROWS; i++) {
    for (const car of [1, 2, 3]) {
      client.send({ stream: `car/${car}/imu`, t: startMs + i * 10, ax: i });
      if (i % 10 === 0) client.send({ stream: `car/${car}/gps`, t: startMs + i * 10, speed: i / 3 });
    }
  }
  for (const car of [1, 2, 3]) client.send({ stream: `car/${car}/gps`, t: startMs + ROWS * 10, speed: 1 });
  const sent = 3 * (ROWS + ROWS / 10 + 1);
  await client.until('all answers', () => client.acked === sent);
  await client.close();
  const out = join(dir, 'out');
  await eventually('all rows', () => rowCount(out) === 3 * ROWS, 30_000);

  const { code, stdout, stderr } = await pitwall(['replay', '--from-bus', '--since', 'start', '--into', 'again'], {
    cwd: dir,
  });
  assert.equal(code, 0, stderr);
  const { rows, unreadableRecords } = JSON.parse(stdout) as { rows: unknown; unreadableRecords: number };
  assert.deepEqual([rows, unreadableRecords], [{ place: 3 * ROWS }, 0]);
  assert.deepEqual(jsonLines(join(dir, 'again')), jsonLines(out));
  const state = await fetch(`http://${gateway.http}/state/place/car/2`);
  assert.equal(state.status, 200);
  const { checkpoint, lanes } = (await state.json()) as {
    checkpoint: { topic: string };
    lanes: Record<string, unknown>[];
  };
  assert.equal(checkpoint.topic, 'telemetry');
  assert.deepEqual(
    lanes.map(({ stream, rows: left }) => [stream, left]),
    [['car/2/imu', ROWS]],
  );

  const page = await fetch(`http://${gateway.http}/health`);
  assert.equal(page.status, 200, await page.text());
  assert.equal(await gateway.stop(), 0, gateway.stderr);
});
