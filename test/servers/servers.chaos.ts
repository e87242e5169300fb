import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { KafkaConfig } from 'kafkajs';
import { makeTopics, setRights } from '../support/kafka-admin.js';
import { ask, client, consume, numbers, produce, record, speed } from './clients.js';
import { needsOwnKafka, startKafka } from './kafka-server.js';
import { needsOwnSchemaRegistry, startSchemaRegistry } from './schema-registry.js';

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
