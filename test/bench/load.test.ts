import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Load } from '../../bench/load/load.js';
import type { IngestPlan, MqttPlan } from '../../bench/load/load-plan.js';
import { Schema } from '../../columnar/schema.js';
import { checkColumns, checkPacked } from '../../schemas/check-packed.js';
import { unpack } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/read-packed.js';
import { StrictIngestServer } from '../devices/strict-ingest-server.js';

const FIRST_US = Date.UTC(2024, 0, 1) * 1000;

async function start(t: TestContext, plan: MqttPlan | IngestPlan): Promise<Load> {
  const load = await Load.start(plan);
  t.after(() => load.kill());
  return load;
}

test('the packed load keeps the window, numbers its frames, and every frame is a sound batch', async (t) => {
  const server = await StrictIngestServer.start({ windowBytes: 30_000, ackEvery: 50 });
  t.after(() => server.stop());
  const load = await start(t, {
    kind: 'ingest',
    port: server.port,
    connections: [{ client: 'one', stream: 'car/1/raw', firstUs: FIRST_US }],
    rows: 40,
    columns: 7,
    stepUs: 100,
    frames: 300,
    framesPerSecond: null,
  });
  load.go();
  const { counts, sent } = await load.done;
  assert.deepEqual(server.faults, []);
  assert.equal(counts.acknowledged, 300);
  assert.deepEqual(sent, [{ stream: 'car/1/raw', firstUs: FIRST_US, stepUs: 100, rows: 12_000 }]);
  const first = readPacked(server.frames[0] as Buffer);
  checkColumns(first.columns);
  const schema = new Schema(first.columns);
  assert.equal(schema.fields.length, 7);
  server.frames.forEach((frame, i) => {
    const packed = readPacked(frame as Buffer);
    assert.equal(packed.seq, i + 1);
    assert.equal(checkPacked(packed, schema), true);
    const batch = unpack([packed], packed.stream, schema);
    assert.equal(batch.timeUs[0], FIRST_US + i * 4000);
    assert.equal(batch.timeUs[39], FIRST_US + i * 4000 + 3900);
    assert.ok((batch.columns[6]!.values as Float32Array).every((value) => Math.abs(value) <= 11));
  });
});

test('frames of every length of the WebSocket header arrive whole', async (t) => {
  for (const rows of [1, 100, 3000]) {
    const server = await StrictIngestServer.start({ windowBytes: 1e6 });
    t.after(() => server.stop());
    const load = await start(t, {
      kind: 'ingest',
      port: server.port,
      connections: [{ client: 'one', stream: 'a/b', firstUs: FIRST_US }],
      rows,
      columns: rows === 1 ? 1 : 8,
      stepUs: 100,
      frames: 5,
      framesPerSecond: null,
    });
    load.go();
    await load.done;
    assert.deepEqual(server.faults, []);
    assert.deepEqual(
      server.frames.map((frame) => readPacked(frame as Buffer).rows),
      Array(5).fill(rows),
    );
  }
});

test('a load can be marked and stopped, and loses no count', async (t) => {
  const server = await StrictIngestServer.start({ windowBytes: 1e6, ackEvery: 4 });
  t.after(() => server.stop());
  const load = await start(t, {
    kind: 'ingest',
    port: server.port,
    connections: [1, 2].map((n) => ({ client: `${n}`, stream: `car/${n}/raw`, firstUs: FIRST_US })),
    rows: 10,
    columns: 2,
    stepUs: 100,
    frames: null,
    framesPerSecond: 200,
  });
  load.go();
  await new Promise((resolve) => setTimeout(resolve, 150));
  const first = await load.mark();
  await new Promise((resolve) => setTimeout(resolve, 100));
  load.stop();
  const { counts, sent } = await load.done;
  const rows = sent.reduce((sum, range) => sum + range.rows, 0);
  assert.ok(first.messages > 0);
  assert.equal(first.rows + counts.rows, rows);
  assert.equal((first.acknowledged + counts.acknowledged) * 10, rows);
  assert.equal(first.latency.reduce((a, b) => a + b) + counts.latency.reduce((a, b) => a + b), rows / 10);
});

/** Answers CONNECT, and PUBLISH at QoS 1 in a later turn; keeps the payloads and the most that was unanswered. */
function mqttStandIn(socket: Socket, seen: { payloads: string[]; most: number }): void {
  let bytes = Buffer.alloc(0);
  let waiting: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (data) => {
    bytes = Buffer.concat([bytes, data]);
    while (bytes.length >= 2) {
      const length = bytes[1]!;
      assert.ok(length < 128);
      if (bytes.length < 2 + length) return;
      const packet = bytes.subarray(2, 2 + length);
      if (bytes[0] === 0x10) socket.write(Buffer.from([0x20, 2, 0, 0]));
      else if (bytes[0] === 0x32) {
        const topic = packet.readUInt16BE(0);
        assert.equal(packet.toString('utf8', 2, 2 + topic), 'c/1');
        seen.payloads.push(packet.toString('utf8', 4 + topic));
        waiting.push(Buffer.from([0x40, 2, packet[2 + topic]!, packet[3 + topic]!]));
        seen.most = Math.max(seen.most, waiting.length);
        if (waiting.length === 1) {
          setTimeout(() => {
            socket.write(Buffer.concat(waiting));
            waiting = [];
          }, 1);
        }
      } else assert.equal(bytes[0], 0xe0);
      bytes = bytes.subarray(2 + length);
    }
  });
}

test('the MQTT load publishes rows of the promised length, each with its own time, within its limit in flight', async (t) => {
  const seen = { payloads: [] as string[], most: 0 };
  const server = createServer((socket) => mqttStandIn(socket, seen)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const load = await start(t, {
    kind: 'mqtt',
    port: (server.address() as AddressInfo).port,
    connections: [{ client: 'c', stream: 'c/1', firstUs: FIRST_US }],
    stepUs: 100,
    payloadBytes: 100,
    inFlight: 20,
  });
  load.go();
  await new Promise((resolve) => setTimeout(resolve, 200));
  load.stop();
  const { counts, sent } = await load.done;
  assert.ok(counts.messages > 100);
  assert.equal(counts.acknowledged, counts.messages);
  assert.equal(seen.payloads.length, counts.messages);
  assert.equal(sent[0]!.rows, counts.messages);
  assert.equal(seen.most, 20);
  seen.payloads.forEach((payload, i) => {
    assert.equal(payload.length, 100);
    assert.equal(JSON.parse(payload).t, FIRST_US + i * 100);
  });
  const hashes = seen.payloads
    .slice(0, 100)
    .map((payload) => createHash('sha1').update(payload.slice(25)).digest('hex'));
  assert.equal(new Set(hashes).size, 100);
});

test('a load whose gateway is not there, or breaks off, fails with the reason', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connections = [{ client: 'c', stream: 'c/1', firstUs: FIRST_US }];
  const mqtt: MqttPlan = { kind: 'mqtt', port, connections, stepUs: 100, payloadBytes: 100, inFlight: 1 };
  await assert.rejects(
    Load.start(mqtt),
    /the load process failed: (the gateway closed an MQTT connection|.*ECONNRESET)/,
  );
  await assert.rejects(Load.start({ ...mqtt, port: 1 }), /the load process failed: .*ECONNREFUSED/);
});
