import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import mqtt from 'mqtt';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const dir = tempDir('bad-input');
const gateway = await new GatewayProcess(
  dir,
  `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks: { raw: { type: file, from: "#", path: ./out } }
`,
).start();
after(() => gateway.stop());

interface Bad {
  name: string;
  payload: string | Buffer;
  code: string;
  reason: RegExp;
}

const deep = `{"t":${T},"v":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`;
const BAD: Bad[] = [
  { name: 'truncated JSON', payload: `{"t":${T},"v":1`, code: 'bad-payload', reason: /JSON/ },
  {
    name: 'a text in a numeric column',
    payload: `{"t":${T},"v":"hot"}`,
    code: 'type-contradiction',
    reason: /"v".*"hot"|"hot".*"v"/,
  },
  { name: 'NaN', payload: `{"t":${T},"v":NaN}`, code: 'bad-payload', reason: /NaN.*null/ },
  { name: 'Infinity', payload: `{"t":${T},"v":-Infinity}`, code: 'bad-payload', reason: /Infinity.*null/ },
  { name: 'nothing', payload: '', code: 'bad-payload', reason: /empty/ },
  { name: 'deep nesting', payload: deep, code: 'bad-payload', reason: /nest|deep|level/ },
  { name: 'a scalar', payload: '42', code: 'bad-payload', reason: /object/ },
  {
    name: 'bytes that are no text',
    payload: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    code: 'bad-payload',
    reason: /UTF-8/,
  },
  { name: 'a time far off', payload: '{"t":99999999999999999999,"v":1}', code: 'bad-time', reason: /1970|2200/ },
  { name: 'a time that is none', payload: '{"t":"yesterday","v":1}', code: 'bad-time', reason: /yesterday/ },
  {
    name: 'columns of unequal length',
    payload: `{"t":[${T},${T + 1}],"v":[1]}`,
    code: 'bad-payload',
    reason: /length|cells|values/,
  },
];

test('over MQTT every bad message is acknowledged with 0x99 and its reason, is a dead letter, and hurts nobody else', async () => {
  const bystander = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, { protocolVersion: 5, clientId: 'bystander' });
  const client = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, { protocolVersion: 5, clientId: 'bad-device' });
  await client.publishAsync('bad/mqtt', `{"t":${T},"v":1}`, { qos: 1 });
  for (const { name, payload, code, reason } of BAD) {
    const refusal = await new Promise<{ code: number; reason: string }>((resolve) => {
      client.publish('bad/mqtt', payload as Buffer, { qos: 1 }, (error, packet) => {
        const ack = (error as unknown as { code?: number; packet?: typeof packet })?.packet ?? packet;
        const answer = ack as unknown as { reasonCode?: number; properties?: { reasonString?: string } };
        resolve({
          code: answer?.reasonCode ?? (error as unknown as { code: number })?.code,
          reason: answer?.properties?.reasonString ?? String(error),
        });
      });
    });
    assert.equal(refusal.code, 0x99, `${name}: ${refusal.reason}`);
    await bystander.publishAsync('good/mqtt', `{"t":${T},"v":1}`, { qos: 1 });
    const letters = await deadLetters('bad/mqtt');
    const letter = letters.at(-1)!;
    assert.equal(letter.code, code, `${name}: ${letter.reason}`);
    assert.match(letter.reason, reason, name);
    assert.equal(letter.client.includes('bad-device'), true, letter.client);
  }
  await client.publishAsync('bad/mqtt', `{"t":${T + 1},"v":2}`, { qos: 1 });
  assert.equal((await deadLetters('bad/mqtt')).length, BAD.length);
  assert.equal(client.connected && bystander.connected, true);
  await client.endAsync();
  await bystander.endAsync();
});

test('over /ingest a bad frame is rejected with its reason, is a dead letter, and the connection goes on', async () => {
  const client = await IngestClient.connect(gateway.http);
  client.send({ stream: 'bad/ws', t: T, v: 1 });
  const frames: [frame: string | Buffer, code: string][] = [
    [`{"stream":"bad/ws","t":${T},"v":1`, 'bad-payload'],
    [`{"stream":"bad/ws","t":${T},"v":"hot"}`, 'type-contradiction'],
    ['[]', 'bad-payload'],
    ['{"t":1}', 'bad-stream-name'],
    [`{"stream":"a/../#","t":${T},"v":1}`, 'bad-stream-name'],
    [`{"stream":"","t":${T},"v":1}`, 'bad-stream-name'],
    [Buffer.alloc(0), 'bad-payload'],
    [Buffer.from('not avro at all'), 'bad-payload'],
    [packed({ schema: 77 }), 'unknown-schema'],
    [packed({ columns: true, rows: 1_000_000 }), 'bad-payload'],
    [packed({ columns: true, rows: -5 }), 'bad-payload'],
    [packed({ columns: true, t0Us: -1e15 }), 'bad-time'],
    [packed({ columns: true }).subarray(0, 40), 'bad-payload'],
  ];
  for (const [frame] of frames) client.send(frame);
  client.send(packed({ columns: true }));
  client.send({ stream: 'bad/ws', t: T + 1, v: 2 });
  await client.until('the last ack', () => client.acked === frames.length + 3);
  assert.deepEqual(
    client.rejects.map(({ seq, code }) => [seq, code]),
    frames.map(([, code], i) => [i + 2, code]),
  );
  for (const { reason } of client.rejects) assert.ok(reason.length > 20, reason);
  assert.equal(client.closed, null);
  await client.close();
});

test('a message of ten megabytes is stored, and one over the limit ends only its own connection', async () => {
  const client = await IngestClient.connect(gateway.http);
  client.send({ stream: 'large/ws', t: T, note: 'x'.repeat(10_000_000) });
  await client.until('the ack', () => client.acked === 1, 30_000);
  const other = await IngestClient.connect(gateway.http);
  client.send({ stream: 'large/ws', t: T, note: 'x'.repeat(17_000_000) });
  await client.until('the close', () => client.closed !== null, 30_000);
  other.send({ stream: 'large/ws', t: T + 1, note: 'small' });
  await other.until('the ack', () => other.acked === 1);
  await other.close();
});

test('the good rows among the bad ones are in the files', async () => {
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  const values = (stream: string) =>
    readFileSync(join(dir, 'out', `${stream}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).v);
  assert.deepEqual(values('bad/mqtt'), [1, 2]);
  assert.deepEqual(values('bad/ws'), [1, 2]);
  assert.deepEqual(values('packed/a'), [0.5, 1.5, 2.5]);
  assert.equal(values('good/mqtt').length, BAD.length);
});

async function deadLetters(stream: string): Promise<{ code: string; reason: string; client: string }[]> {
  const { stdout } = await pitwall([
    'dead-letters',
    'list',
    '--json',
    '--stream',
    stream,
    '-c',
    join(dir, 'pitwall.yaml'),
  ]);
  return stdout === ''
    ? []
    : stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}

/** A TelemetryBatch of one f64 column and three rows, written byte by byte from the schema file. */
function packed(change: { schema?: number; columns?: boolean; rows?: number; t0Us?: number }): Buffer {
  const long = (value: number): Buffer => {
    let zigzag = value >= 0 ? BigInt(value) * 2n : BigInt(-value) * 2n - 1n;
    const bytes: number[] = [];
    do {
      const low = Number(zigzag & 0x7fn);
      zigzag >>= 7n;
      bytes.push(zigzag > 0n ? low | 0x80 : low);
    } while (zigzag > 0n);
    return Buffer.from(bytes);
  };
  const text = (value: string) => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);
  const double = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes;
  };
  const column = Buffer.concat([long(1), text('v'), long(0), double(1), double(0)]);
  const data = Buffer.concat([0.5, 1.5, 2.5].map(double));
  return Buffer.concat([
    long(0),
    text('packed/a'),
    long(change.schema ?? 1),
    ...(change.columns ? [column] : []),
    long(0),
    long(change.t0Us ?? T * 1000),
    double(1000),
    long(change.rows ?? 3),
    long(0),
    long(data.length),
    data,
  ]);
}
