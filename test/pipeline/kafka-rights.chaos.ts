import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type KafkaServer, needsOwnKafka, startKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { rowCount } from '../support/jsonl-files.js';
import { makeTopics, type Right, setRights } from '../support/kafka-admin.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;

let own: Promise<KafkaServer> | null = null;
/** One server with users for all of these tests. */
const ownKafka = () => (own ??= startKafka({ secure: true }));

interface Flow {
  gateway: GatewayProcess;
  /** Sends a row; resolves when it is acknowledged. */
  send(): Promise<void>;
  rows(sink: 'raw' | 'out'): number;
}

/** A gateway of the limited user. */
async function flowOf(t: TestContext, topic: string, password?: string): Promise<Flow> {
  const { security } = await ownKafka();
  const { sasl, limited } = security!;
  const dir = tempDir('kafka-rights');
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus:
  kafka:
    brokers: [${sasl.join(', ')}]
    topic: ${topic}
    group: ${topic}
    partitions: 2
    sasl: { mechanism: scram-sha-512, username: ${limited.username}, password: "${password ?? limited.password}" }
processors:
  fast: { from: car/{car}/gps, steps: [ { filter: speed > 5 } ] }
sinks:
  raw: { type: file, from: "#", path: ./raw }
  out: { type: file, from: fast, path: ./out }
`,
  );
  t.after(() => gateway.kill());
  let sent = 0;
  const send = async () => {
    const client = await IngestClient.connect(gateway.http);
    client.send({ stream: 'car/1/gps', t: T + sent++, speed: 7 });
    await client.until('the answer', () => client.acked === 1);
    await client.close();
  };
  return { gateway, send, rows: (sink) => rowCount(`${dir}/${sink}`) };
}

const topicsOf = (topic: string) => [
  topic,
  ...['fast', 'dead-letters', 'schemas', 'changelog'].map((name) => `${topic}.${name}`),
];

async function makeAll(topic: string): Promise<void> {
  const { brokers } = await ownKafka();
  const topics = topicsOf(topic).map((name) => ({
    topic: name,
    numPartitions: name.endsWith('.schemas') ? 1 : 2,
    configEntries: /schemas|changelog/.test(name) ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
  }));
  await makeTopics(brokers, topics);
}

async function grant(topic: string, operations: Right['operation'][], kind: Right['kind'] = 'TOPIC'): Promise<void> {
  const { brokers, security } = await ownKafka();
  await setRights(
    brokers,
    security!.limited.username,
    operations.map((operation) => ({ kind, name: topic, operation })),
  );
}

async function health({ http }: GatewayProcess): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://${http}/health`);
  return { status: answer.status, text: await answer.text() };
}

describe('Rights in Kafka', { ...needsOwnKafka(), concurrency: 3 }, () => {
  test('a password that is refused ends the start with the setting to look at, and is shown nowhere', async (t) => {
    const { gateway } = await flowOf(t, uniqueName('login'), 'hunter2');
    const fault = await gateway.start().then(
      () => assert.fail('it started'),
      (error: Error) => error.message,
    );
    assert.match(
      fault,
      /ended with 1 before it was ready:\npitwall: bus-failed: .*refused the user name or the password; see bus\.kafka\.sasl\n$/,
    );
    assert.doesNotMatch(fault, /hunter2/);
  });

  test('topics that the user may not see or make end the start with the right that is missing', async (t) => {
    const topic = uniqueName('unseen');
    const { gateway } = await flowOf(t, topic);
    await assert.rejects(
      gateway.start(),
      new RegExp(`ended with 1 .*\n.*bus-failed: Kafka topic ${topic}[^ ]*: the user has no right to it`),
    );
    await grant(topic, ['DESCRIBE']);
    await assert.rejects(
      gateway.start(),
      new RegExp(
        `ended with 1 [^]*bus-failed: Kafka topic ${topic}[^ ]*: the user has no right to it \\(Create\\), and it is not there: grant the right, or make it by hand, with \\d+ partitions`,
      ),
    );
  });

  test('without a right to write the spool keeps what devices send, and it goes on when the right is there', async (t) => {
    const topic = uniqueName('unwritten');
    await makeAll(topic);
    await grant(topic, ['READ', 'DESCRIBE_CONFIGS']);
    await grant(topic, ['READ'], 'GROUP');
    const { gateway, send, rows } = await flowOf(t, topic);
    await gateway.start();
    await send();
    await send();
    await eventually(
      'the fault',
      async () => (await health(gateway)).status === 503 && /forwarder failed/.test(gateway.stderr),
    );
    const { text } = await health(gateway);
    assert.match(text, /writing to .*(Write on the topic, to write|Write to write)/);
    // It does not fill the log.
    await new Promise((next) => setTimeout(next, 5000));
    assert.ok(gateway.stderr.split('forwarder failed').length <= 3, gateway.stderr);
    await grant(topic, ['WRITE']);
    await eventually('the rows', () => rows('raw') === 2 && rows('out') === 2, 30_000);
    await send();
    await eventually('the next row', () => rows('raw') === 3 && rows('out') === 3);
    await eventually('health', async () => (await health(gateway)).status === 200);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  });

  test('without a right to read or to join it says so, and it goes on when the right is there', async (t) => {
    const topic = uniqueName('unread');
    await makeAll(topic);
    await grant(topic, ['WRITE', 'DESCRIBE_CONFIGS']);
    const { gateway, send, rows } = await flowOf(t, topic);
    await gateway.start();
    await send();
    await eventually('the fault of the group', () =>
      /cannot join the group \S+ and tries again: .*no right \(Read\) to the consumer group/.test(gateway.stderr),
    );
    await grant(topic, ['READ'], 'GROUP');
    await eventually(
      'the fault of the topics',
      () => /no right to the topic: it needs Describe, and Read to read/.test(gateway.stderr),
      30_000,
    );
    await grant(topic, ['READ']);
    await eventually('the row', () => rows('raw') === 1 && rows('out') === 1, 30_000);
    await eventually('health', async () => (await health(gateway)).status === 200);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  });
});
