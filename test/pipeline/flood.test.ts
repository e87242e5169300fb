import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBus } from '../../bus/log/log-bus.js';
import { readPacked } from '../../schemas/read-packed.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const MEMORY_MIB = 16;
const CLIENTS = 8;
const MESSAGES = 600;
const PAYLOAD_BYTES = 60_000;

/** MQTT 3.1.1 packets written by hand, so that the sender is faster than any client that waits. */
function packet(type: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let left = body.length; ; ) {
    const low = left & 0x7f;
    left >>= 7;
    length.push(left > 0 ? low | 0x80 : low);
    if (left === 0) break;
  }
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

async function flood(mqtt: string, client: number): Promise<number> {
  const [host, port] = mqtt.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  socket.write(packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 60]), text(`flood-${client}`)])));
  let answers = 0;
  const all = new Promise<void>((resolve, reject) => {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      // CONNACK, then four bytes a PUBACK.
      answers = bytes / 4 - 1;
      if (answers === MESSAGES) resolve();
    });
    socket.on('close', () => reject(new Error(`closed after ${answers} acknowledgements`)));
  });
  const filling = 'x'.repeat(PAYLOAD_BYTES);
  for (let i = 1; i <= MESSAGES; i++) {
    const payload = Buffer.from(`{"t":${1711111111000 + i},"n":${i},"filling":"${filling}"}`);
    const body = Buffer.concat([text(`flood/${client}/a`), Buffer.from([i >> 8, i & 0xff]), payload]);
    if (!socket.write(packet(0x32, body))) await once(socket, 'drain');
  }
  await all;
  socket.destroy();
  return answers;
}

function anonymousMiB(pid: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

test('a flood of 280 MB into a budget of 16 MiB is held back at the sockets: all of it is stored, in bounded memory', async () => {
  const dir = tempDir('flood');
  const gateway = await new GatewayProcess(
    dir,
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0, memory: ${MEMORY_MIB}MiB }
bus: { log: { dir: ./bus } }
`,
  ).start();
  const before = anonymousMiB(gateway.pid);
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, anonymousMiB(gateway.pid));
  }, 20);
  const answers = await Promise.all(Array.from({ length: CLIENTS }, (_, client) => flood(gateway.mqtt, client)));
  clearInterval(sampler);
  assert.deepEqual(answers, Array(CLIENTS).fill(MESSAGES));

  const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
  const held = Number(/^pitwall_memory_held_peak_bytes (\d+)/m.exec(metrics)![1]);
  const chunk = 64 * 1024;
  assert.ok(held <= MEMORY_MIB * 2 ** 20 + CLIENTS * (chunk + PAYLOAD_BYTES), `${held} bytes were held at the most`);
  // Twice the budget for copies on their way to disk, and room for the garbage collector.
  assert.ok(peak - before < MEMORY_MIB * 4 + 128, `RssAnon grew from ${before} to ${peak} MiB`);
  const late = await IngestClient.connect(gateway.http);
  late.send({ stream: 'late/a', v: 1 });
  await late.until('the ack', () => late.acked === 1);
  await late.close();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  assert.deepEqual(storedRows(join(dir, 'bus/ingest')), CLIENTS * MESSAGES + 1);
});

function storedRows(dir: string): number {
  const bus = LogBus.open({ dir, readOnly: true });
  let rows = 0;
  for (let partition = 0; partition < bus.partitions; partition++) {
    for (let offset = 0; ; ) {
      const run = bus.read('telemetry', partition, offset, 1 << 20);
      if (run.records.length === 0) break;
      for (const record of run.records) if (record.kind === 'data') rows += readPacked(record.value).rows;
      offset = run.next;
    }
  }
  void bus.close();
  return rows;
}
