import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { makeTopics, setRights } from '../support/kafka-admin.js';
import { needsOwnKafka, needsSharedKafka, sharedKafka, startKafka, uniqueName } from './kafka-server.js';
import {
  needsOwnSchemaRegistry,
  needsSharedSchemaRegistry,
  sharedSchemaRegistry,
  startSchemaRegistry,
} from './schema-registry.js';

function client(config: KafkaConfig): Kafka {
  return new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 30, maxRetryTime: 1000 }, ...config });
}

async function produce(kafka: Kafka, topic: string, values: string[]): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
  } finally {
    await producer.disconnect();
  }
}

async function consume(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: uniqueName('group') });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const values: string[] = [];
    await new Promise<void>((resolve, reject) => {
      // A coordinator that is still being looked for ends a consumer of kafkajs, which then starts itself again.
      consumer.on('consumer.crash', ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      consumer
        .run({
          eachMessage: async ({ message }) => {
            if (values.push(String(message.value)) === count) resolve();
          },
        })
        .catch(reject);
    });
    return values;
  } finally {
    await consumer.disconnect();
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

test('What is produced to the shared server is consumed from it.', needsSharedKafka(), async () => {
  const { brokers } = await sharedKafka();
  const kafka = client({ brokers });
  const topic = uniqueName('trial');
  await makeTopics(brokers, [{ topic, numPartitions: 1 }]);
  await produce(kafka, topic, numbers(0, 1000));
  assert.deepEqual(await consume(kafka, topic, 1000), numbers(0, 1000));
});

interface Answer {
  status: number;
  body: { id?: number; schema?: string };
}

async function ask(url: string, schema?: object): Promise<Answer> {
  const response = await fetch(url, {
    ...(schema && { method: 'POST', body: JSON.stringify({ schema: JSON.stringify(schema) }) }),
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const record = (...fields: object[]) => ({ type: 'record', name: 'Lap', fields });
const speed = { name: 'speed', type: 'double' };

test('The schema registry takes compatible schemas and refuses others.', needsSharedSchemaRegistry(), async () => {
  const { url } = await sharedSchemaRegistry();
  const subject = uniqueName('laps');
  const versions = `${url}/subjects/${subject}/versions`;
  const set = await fetch(`${url}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
  });
  assert.equal(set.status, 200);

  const first = await ask(versions, record(speed));
  assert.equal(first.status, 200);
  const read = await ask(`${url}/schemas/ids/${first.body.id}`);
  assert.deepEqual(JSON.parse(read.body.schema!), record(speed));

  const wider = await ask(versions, record(speed, { name: 'gear', type: 'int', default: 0 }));
  assert.equal(wider.status, 200);
  assert.notEqual(wider.body.id, first.body.id);
  assert.equal((await ask(versions, record({ name: 'speed', type: 'string' }))).status, 409, 'incompatible');
  assert.equal((await ask(versions, { type: 'nothing' })).status, 422, 'not a schema');
});

describe('Servers of their own', { concurrency: 3 }, () => {
  test(
    'A paused server answers nothing until it is resumed, and one that is killed comes back with every acknowledged message.',
    needsOwnKafka(),
    async () => {
      const server = await startKafka();
      const kafka = client(server);
      await makeTopics(
        server.brokers,
        ['slow', 'kept'].map((topic) => ({ topic, numPartitions: 1 })),
      );
      server.pause();
      let answered = false;
      const produced = produce(kafka, 'slow', ['late']).then(() => {
        answered = true;
      });
      await new Promise((next) => setTimeout(next, 1000));
      assert.equal(answered, false);
      server.resume();
      await produced;
      assert.deepEqual(await consume(kafka, 'slow', 1), ['late']);

      await produce(kafka, 'kept', numbers(0, 500));
      await server.kill();
      await assert.rejects(produce(client({ ...server, retry: { retries: 0 } }), 'kept', ['nobody is there']));
      await server.start();
      await produce(kafka, 'kept', numbers(500, 1000));
      assert.deepEqual(await consume(kafka, 'kept', 1000), numbers(0, 1000));
      await server.stop();
    },
  );

  test('Login, TLS and access rights', needsOwnKafka(), async (t) => {
    const server = await startKafka({ secure: true });
    const { sasl, tls, saslTls, mutualTls, admin, limited, ca, clientCert, clientKey } = server.security!;
    const trust = { ca: readFileSync(ca) };
    const noRetry = { retries: 0 };
    const topics = ['guarded', 'other'].map((topic) => ({ topic, numPartitions: 1 }));
    await makeTopics(server.brokers, topics);
    let sent = 0;

    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      // The union of kafkajs has a member for each mechanism.
      const login = (password: string) => ({ mechanism, username: admin.username, password }) as KafkaConfig['sasl'];

      await t.test(`A user logs in with ${mechanism}.`, async () => {
        await produce(client({ brokers: sasl, sasl: login(admin.password) }), 'guarded', [String(sent++)]);
      });
      await t.test(`A user logs in with ${mechanism} in TLS.`, async () => {
        const kafka = client({ brokers: saslTls, ssl: trust, sasl: login(admin.password) });
        await produce(kafka, 'guarded', [String(sent++)]);
      });
      await t.test(`A wrong password is refused with ${mechanism}.`, async () => {
        const kafka = client({ brokers: sasl, sasl: login('wrong'), retry: noRetry });
        await assert.rejects(produce(kafka, 'guarded', ['no']), { name: 'KafkaJSSASLAuthenticationError' });
      });
    }

    await t.test('TLS works for a client that trusts the authority.', async () => {
      await produce(client({ brokers: tls, ssl: trust }), 'guarded', [String(sent++)]);
    });
    await t.test('TLS is refused by a client that does not trust the authority.', async () => {
      const kafka = client({ brokers: tls, ssl: true, retry: noRetry });
      await assert.rejects(produce(kafka, 'guarded', ['no']), /certificate/);
    });
    await t.test('Mutual TLS works with the certificate of the client, and is refused without.', async () => {
      const ssl = { ...trust, cert: readFileSync(clientCert), key: readFileSync(clientKey) };
      await produce(client({ brokers: mutualTls, ssl }), 'guarded', [String(sent++)]);
      await assert.rejects(produce(client({ brokers: mutualTls, ssl: trust, retry: noRetry }), 'guarded', ['no']));
    });
    await t.test('The limited user may do nothing until an ACL lets it.', async () => {
      const kafka = client({ brokers: sasl, sasl: { mechanism: 'plain', ...limited }, retry: noRetry });
      await assert.rejects(produce(kafka, 'guarded', ['no']), /Not authorized to access topics/);
      await setRights(server.brokers, limited.username, [{ kind: 'TOPIC', name: 'guarded', operation: 'WRITE' }]);
      await produce(kafka, 'guarded', [String(sent++)]);
      await assert.rejects(produce(kafka, 'other', ['no']), /Not authorized to access topics/);
    });
    await t.test('Nothing but what was let in is there.', async () => {
      assert.deepEqual(await consume(client(server), 'guarded', sent), numbers(0, sent));
    });
    await server.kill();
  });

  test('A schema registry that is killed comes back with its schemas.', needsOwnSchemaRegistry(), async () => {
    const registry = await startSchemaRegistry();
    const { body } = await ask(`${registry.url}/subjects/kept/versions`, record(speed));
    await registry.kill();
    await assert.rejects(ask(`${registry.url}/schemas/ids/${body.id}`));
    await registry.start();
    const read = await ask(`${registry.url}/schemas/ids/${body.id}`);
    assert.deepEqual(JSON.parse(read.body.schema!), record(speed));
    await registry.stop();
  });
});
