import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type IHeaders, Kafka, logLevel } from 'kafkajs';
import { field, Schema } from '../../columnar/schema.js';
import { pack } from '../../schemas/data-block.js';
import { encodePacked } from '../../schemas/packed-batch.js';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { asAdmin, makeTopics } from '../support/kafka-admin.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const PARTITIONS = 3;

interface Options {
  brokers?: readonly string[];
  topic?: string;
  kafka?: string;
}

/** A gateway with a processor and two sinks, killed at the end of the test where it still runs. */
async function gatewayOf(t: TestContext, { brokers, topic = uniqueName('bad'), kafka = '' }: Options) {
  const dir = tempDir('kafka-bad-input');
  const all = brokers ?? (await sharedKafka()).brokers;
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus:
  kafka: { brokers: [${all.join(', ')}], topic: ${topic}, group: ${topic}, partitions: ${PARTITIONS}, compression: none, spool: ./spool, state: ./state${kafka} }
processors:
  fast: { from: car/{car}/gps, steps: [ { filter: speed > 5 } ] }
sinks:
  raw: { type: file, from: "#", path: ./raw }
  out: { type: file, from: fast, path: ./out }
`,
  );
  t.after(() => gateway.kill());
  return { gateway, topic, brokers: all };
}

/** A column of a file below the folder of the gateway, such as `raw/car/1/gps`. */
function cells({ dir }: GatewayProcess, file: string, cell: string): unknown[] {
  const path = join(dir, `${file}.jsonl`);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line)[cell]);
}

async function health({ http }: GatewayProcess): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://${http}/health`);
  return { status: answer.status, text: await answer.text() };
}

interface Letter {
  code: string;
  reason: string;
  stream: string;
  originalBase64?: string;
}

async function deadLetters({ dir }: GatewayProcess): Promise<Letter[]> {
  const { code, stdout, stderr } = await pitwall(['dead-letters', 'list', '--json', '-c', join(dir, 'pitwall.yaml')]);
  assert.equal(code, 0, stderr);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Letter);
}

interface Foreign {
  key?: string;
  value: string | Buffer | null;
  headers?: IHeaders;
}

async function produce(brokers: readonly string[], topic: string, messages: Foreign[]): Promise<void> {
  const partitions = (await asAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic))).length;
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const all = Array.from({ length: partitions }, (_, partition) => messages.map((each) => ({ ...each, partition })));
  await producer.send({ topic, messages: all.flat() });
  await producer.disconnect();
}

describe('Bad input over Kafka', { ...needsSharedKafka(), concurrency: 3 }, () => {
  test('where no broker answers the gateway starts, says which setting to look at, and keeps what devices send', async (t) => {
    const { gateway } = await gatewayOf(t, { brokers: [`127.0.0.1:${await freePort()}`] });
    await gateway.start();
    assert.match(
      gateway.stderr,
      /no broker answers at 127\.0\.0\.1:\d+ \(ECONNREFUSED\).*; see bus\.kafka\.brokers; it is tried again/,
    );
    const client = await IngestClient.connect(gateway.http);
    for (let i = 1; i <= 100; i++) client.send({ stream: 'car/1/gps', t: T + i, speed: i });
    await client.until('the answers', () => client.acked === 100);
    await client.close();
    const { status, text } = await health(gateway);
    assert.equal(status, 503);
    assert.match(text, /no broker answers/);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  });

  test('a topic with another number of partitions, or more replicas than brokers, ends the start with what to do', async (t) => {
    const { gateway, brokers, topic } = await gatewayOf(t, {});
    await makeTopics(brokers, [{ topic, numPartitions: 5 }]);
    await assert.rejects(
      gateway.start(),
      /ended with 78 .*\n.*bad-configuration.*has 5 partitions, not 3; configure that number/,
    );
    const { gateway: second } = await gatewayOf(t, { kafka: ', replication: 7' });
    await assert.rejects(
      second.start(),
      /ended with 78 .*\n.*cannot be made with 7 replicas.*lower replication, or add brokers/,
    );
  });

  test('messages of others are skipped with one warning, and records that cannot be read are dead letters; the rest goes on', async (t) => {
    const { gateway, topic, brokers } = await gatewayOf(t, {});
    await gateway.start();
    let client = await IngestClient.connect(gateway.http);
    let sent = 0;
    const send = async (rows: number) => {
      for (let i = 0; i < rows; i++, sent++)
        for (const car of [1, 2, 3, 4])
          client.send({ stream: `car/${car}/gps`, t: T + sent, n: sent, speed: sent % 10 });
      const numbers = Array.from({ length: sent }, (_, n) => n);
      await eventually('the rows', () =>
        [1, 2, 3, 4].every((car) => cells(gateway, `raw/car/${car}/gps`, 'n').length >= sent),
      );
      for (const car of [1, 2, 3, 4]) assert.deepEqual(cells(gateway, `raw/car/${car}/gps`, 'n'), numbers);
      const fast = numbers.filter((n) => n % 10 > 5);
      await eventually('the filtered rows', () =>
        [1, 2, 3, 4].every((car) => cells(gateway, `out/fast/car/${car}`, 'n').length >= fast.length),
      );
      for (const car of [1, 2, 3, 4]) assert.deepEqual(cells(gateway, `out/fast/car/${car}`, 'n'), fast);
    };
    await send(20);

    const origin = { stream: 'car/9/gps', received: String(T * 1000) };
    const foreign: Foreign[] = [
      { value: null },
      { key: 'car/1', value: null },
      { value: 'a text' },
      { key: 'k', value: '{"speed": 7}', headers: { 'content-type': 'application/json' } },
      { value: randomBytes(300), headers: { stream: 'car/1/gps' } },
      { value: 'x', headers: { ...origin, origin: 'no number' } },
      { value: 'x', headers: { ...origin, origin: '5' } },
      { value: 'x', headers: { ...origin, origin: '5 intruder', received: 'yesterday' } },
      { value: 'x', headers: { ...origin, origin: ['5 intruder', '6 intruder'] } },
      { value: 'x', headers: { ...origin, origin: '7 intruder', parts: 'some of them' } },
      { value: 'x', headers: { ...origin, origin: '8 intruder', tags: '{' } },
    ];
    const others = ['', '.fast', '.dead-letters', '.schemas', '.changelog'];
    for (const name of others)
      await produce(
        brokers,
        topic + name,
        foreign.map((each) => ({ key: 'k', ...each })),
      );
    await send(20);
    for (let again = 0; again < 3; again++) await produce(brokers, topic, foreign);
    await send(20);

    const schema = new Schema([field('speed', 'f64')]);
    const batch = {
      stream: 'car/9/gps',
      schema,
      rows: 2,
      columns: [{ values: new Float64Array([7, 8]), nulls: null, dictionary: null }],
    };
    const unknown = encodePacked(pack({ ...batch, timeUs: new Float64Array([1e15, 1e15 + 1]) }));
    const corrupt: Foreign[] = [
      { value: randomBytes(200), headers: { ...origin, origin: '10 intruder', schema: String(schema.fingerprint) } },
      { value: unknown.subarray(0, unknown.length - 5), headers: { ...origin, origin: '11 intruder' } },
      { value: null, headers: { ...origin, origin: '12 intruder' } },
      { value: unknown, headers: { ...origin, origin: '13 intruder', schema: String(schema.fingerprint) } },
    ];
    await produce(
      brokers,
      topic,
      corrupt.map((each) => ({ key: 'car/9', ...each })),
    );
    await send(20);
    await eventually(
      'the dead letters',
      async () => (await deadLetters(gateway)).length >= corrupt.length * PARTITIONS,
    );
    const letters = await deadLetters(gateway);
    const codes = letters.map(({ code }) => code).sort();
    const wanted = ['bad-payload', 'bad-payload', 'bad-payload', 'unknown-schema'].flatMap((code) =>
      Array(PARTITIONS).fill(code),
    );
    assert.deepEqual(codes, wanted, JSON.stringify(letters));
    for (const { stream, reason } of letters) {
      assert.equal(stream, 'car/9/gps');
      assert.match(reason, /^telemetry\/\d\/\d+ on the bus /);
    }

    const { status, text } = await health(gateway);
    assert.equal(status, 200, text);
    await client.close();
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    // Each reader says it once of a partition.
    const warnings = gateway.stderr.split('\n').filter((line) => line.includes('were not written by Pitwall'));
    assert.equal(
      warnings.length,
      new Set(warnings.map((line) => `${/lane=.*/.exec(line)} ${/before (\S+)\/\d+ /.exec(line)![1]}`)).size,
      warnings.join('\n'),
    );
    assert.ok(warnings.length > 0);
    assert.doesNotMatch(gateway.stderr, / failed and /);

    await gateway.start();
    client = await IngestClient.connect(gateway.http);
    await send(20);
    await client.close();
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.equal((await deadLetters(gateway)).length, letters.length);
  });

  test('a message that is larger than the topic takes goes in pieces, and a row that is too large alone is a dead letter', async (t) => {
    const { gateway, topic, brokers } = await gatewayOf(t, {});
    const configEntries = [{ name: 'max.message.bytes', value: '100000' }];
    await makeTopics(brokers, [{ topic, numPartitions: PARTITIONS, configEntries }]);
    await gateway.start();
    assert.match(
      gateway.stderr,
      /takes messages of 100000 bytes \(max\.message\.bytes\) where up to \d+ may come: .* set max\.message\.bytes/,
    );
    const client = await IngestClient.connect(gateway.http);
    let frames = 0;
    let n = 0;
    const row = (note: string) => ({ t: T + n, n: n++, note });
    const send = (car: number, rows: object[]) => {
      client.send({
        stream: `car/${car}/log`,
        t: rows.map((each) => (each as { t: number }).t),
        n: rows.map((each) => (each as { n: number }).n),
        note: rows.map((each) => (each as { note: string }).note),
      });
      frames++;
      // Small ones of others share the requests that are too large.
      for (const other of [5, 6, 7, 8]) {
        client.send({ stream: `car/${other}/gps`, t: T + frames, n: frames, speed: 1 });
        frames++;
      }
    };
    send(1, [row('small')]);
    send(
      1,
      Array.from({ length: 500 }, () => row(randomBytes(400).toString('hex'))),
    );
    send(1, [row('before'), row('y'.repeat(300_000)), row('between'), row('z'.repeat(150_000)), row('after')]);
    send(1, [row('w'.repeat(120_000))]);
    send(1, [row('last')]);
    await client.until('the answers', () => client.acked === frames);
    const tooLarge = [502, 504, 506];
    const numbers = Array.from({ length: n }, (_, i) => i).filter((i) => !tooLarge.includes(i));
    await eventually('the last row', () => cells(gateway, 'raw/car/1/log', 'n').includes(n - 1));
    assert.deepEqual(cells(gateway, 'raw/car/1/log', 'n'), numbers);
    for (const other of [5, 6, 7, 8]) {
      await eventually('the rows of others', () => cells(gateway, `raw/car/${other}/gps`, 'n').length >= 5);
      assert.equal(cells(gateway, `raw/car/${other}/gps`, 'n').length, 5);
    }
    const letters = await deadLetters(gateway);
    assert.deepEqual(
      letters.map(({ code, stream }) => [code, stream]),
      Array(3).fill(['payload-too-large', 'car/1/log']),
      JSON.stringify(letters.map(({ reason }) => reason)),
    );
    for (const { reason } of letters)
      assert.match(
        reason,
        new RegExp(`^a row of \\d+ bytes is more than the topic ${topic} takes \\(max\\.message\\.bytes\\)`),
      );
    await client.close();
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  });
});
