import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type KafkaServer,
  needsOwnKafka,
  needsSharedKafka,
  sharedKafka,
  startKafka,
  uniqueName,
} from '../servers/kafka-server.js';
import { freePort } from '../support/free-port.js';
import { asAdmin, makeTopics, setRights } from '../support/kafka-admin.js';
import { tempDir } from '../support/temp-dir.js';
import { type Finished, runPitwall } from './run-pitwall.js';

const folder = tempDir('check-connect');

interface Wanted {
  brokers: readonly string[];
  topic: string;
  kafka?: string;
  sinks?: string;
}

/** `check --connect` of a bus with the one processor `fast`. */
function check({ brokers, topic, kafka = '', sinks = '' }: Wanted, args = ['--connect']): Promise<Finished> {
  const file = `${topic}.yaml`;
  writeFileSync(
    join(folder, file),
    `bus:
  kafka: { brokers: [${brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: 3${kafka} }
processors: { fast: { from: car/{car}/gps, steps: [filter: speed > 5] } }
sinks:
  out: { type: file, from: "#", path: ./out }
${sinks}`,
  );
  return runPitwall(['check', ...args, '-c', file], folder);
}

const ofBus = (topic: string) => [
  topic,
  ...['dead-letters', 'fast', 'schemas', 'changelog'].map((name) => `${topic}.${name}`),
];

test(
  'check --connect says which topics of Kafka are there and which would be made, and makes none.',
  needsSharedKafka(),
  async () => {
    const { brokers } = await sharedKafka();
    const topic = uniqueName('looked');
    const live = uniqueName('live');
    await makeTopics(brokers, [{ topic, numPartitions: 3 }]);
    const sinks = `  live: { type: kafka, from: fast, brokers: "${brokers.join(',')}", topic: ${live} }\n`;
    const { code, stdout, stderr } = await check({ brokers, topic, sinks });
    assert.equal(code, 0, stderr);
    const [, ...missing] = ofBus(topic);
    assert.ok(
      stdout.includes(`  bus.kafka: the cluster answers; topics there: ${topic}; to be made: ${missing.join(', ')}\n`),
      stdout,
    );
    assert.ok(stdout.includes(`  sinks.live: the cluster answers; to be made: ${live}\n`), stdout);
    // Made with the brokers' own limit, it takes less than may come.
    assert.match(stderr, new RegExp(`^warning: bus\\.kafka: topic ${topic} takes messages of 1048588 bytes .*\n$`));
    const names = await asAdmin(brokers, (admin) => admin.listTopics());
    assert.deepEqual(
      names.filter((name) => name.startsWith(topic) || name === live),
      [topic],
    );
  },
);

test(
  'check --connect names every topic of Kafka that cannot be used as it is, with what to do.',
  needsSharedKafka(),
  async () => {
    const { brokers } = await sharedKafka();
    const topic = uniqueName('differs');
    const topics = [
      { topic, numPartitions: 5 },
      { topic: `${topic}.changelog`, numPartitions: 3, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] },
    ];
    await makeTopics(brokers, topics);
    const { code, stderr } = await check({ brokers, topic, kafka: ', replication: 7' });
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`bus\\.kafka: Kafka topic ${topic} has 5 partitions, not 3; configure that number`),
    );
    assert.match(stderr, new RegExp(`${topic}\\.changelog has cleanup\\.policy=delete, not compact`));
    for (const name of ['dead-letters', 'fast', 'schemas'])
      assert.match(
        stderr,
        new RegExp(
          `${topic}\\.${name} cannot be made with 7 replicas: the cluster has fewer brokers; lower replication`,
        ),
      );
  },
);

test('check --connect says that no broker answers, and which setting to look at.', async () => {
  const brokers = [`127.0.0.1:${await freePort()}`];
  const sinks = `  live: { type: kafka, from: fast, brokers: "${brokers[0]}", topic: live }\n`;
  const { code, stdout, stderr } = await check({ brokers, topic: 'nowhere', sinks });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^pitwall: bus-failed: bus\.kafka: .*no broker answers at 127.*ECONNREFUSED.*see bus\.kafka\.brokers; sinks\.live: .*see sinks\.live\.brokers\n$/,
  );
  assert.match(stdout, /^ {2}bus\.kafka\.spool: the folder can be written\n/m);
});

test('check without --connect contacts nobody.', async () => {
  let contacts = 0;
  const server = createServer((socket) => {
    contacts++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  assert.equal((await check({ brokers, topic: 'silent' }, [])).code, 0);
  assert.equal(contacts, 0);
  const { code, stderr } = await check({ brokers, topic: 'silent' });
  assert.equal(code, 1);
  assert.match(stderr, /closed the connection: does its listener want TLS or a login.*see bus\.kafka\.brokers/);
  assert.ok(contacts > 0);
  server.close();
});

test('check --connect where there are users and rights', needsOwnKafka(), async (t) => {
  const server: KafkaServer = await startKafka({ secure: true });
  const { sasl: brokers, limited } = server.security!;
  const login = (password: string, mechanism = 'scram-sha-256') =>
    `, sasl: { mechanism: ${mechanism}, username: ${limited.username}, password: "${password}" }`;
  const topic = 'guarded';

  await t.test('A password that is refused is said without showing it, with its setting.', async () => {
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
      const { code, stdout, stderr } = await check({ brokers, topic, kafka: login('hunter2', mechanism) });
      assert.equal(code, 1);
      assert.match(stderr, /bus\.kafka: .*refused the user name or the password; see bus\.kafka\.sasl\n$/);
      assert.doesNotMatch(stdout + stderr, /hunter2/);
    }
  });
  await t.test('Without a right to make topics each that is missing is named with the right.', async () => {
    const { code, stderr } = await check({ brokers, topic, kafka: login(limited.password) });
    assert.equal(code, 1);
    for (const name of ofBus(topic)) assert.match(stderr, new RegExp(`topic ${name}: the user has no right to it`));
  });
  await t.test(
    'With the right to see them, the rights to read, to write and to join are asked for, and nothing is written.',
    async () => {
      const topics = ofBus(topic).map((name) => ({
        topic: name,
        numPartitions: name.endsWith('schemas') ? 1 : 3,
        configEntries: [
          { name: 'max.message.bytes', value: String(64 * 1024 * 1024) },
          ...(/schemas|changelog/.test(name) ? [{ name: 'cleanup.policy', value: 'compact' }] : []),
        ],
      }));
      await makeTopics(server.brokers, topics);
      await setRights(server.brokers, limited.username, [
        { kind: 'TOPIC', name: topic, operation: 'DESCRIBE' },
        { kind: 'TOPIC', name: topic, operation: 'DESCRIBE_CONFIGS' },
      ]);
      const { code, stderr } = await check({ brokers, topic, kafka: login(limited.password) });
      assert.equal(code, 1);
      for (const name of ofBus(topic)) {
        assert.ok(stderr.includes(`bus.kafka: ${name}: the user may not write to it (right: Write)`), stderr);
        const reads = stderr.includes(`bus.kafka: ${name}: the user may not read it (right: Read)`);
        assert.equal(reads, !name.endsWith('dead-letters'), stderr);
      }
      assert.ok(
        stderr.includes(`bus.kafka: group ${topic}: the user may not join it (right: Read on the group)`),
        stderr,
      );
    },
  );
  await t.test('With all rights it is well, and nothing was written.', async () => {
    await setRights(server.brokers, limited.username, [
      { kind: 'TOPIC', name: topic, operation: 'READ' },
      { kind: 'TOPIC', name: topic, operation: 'WRITE' },
      { kind: 'GROUP', name: topic, operation: 'READ' },
    ]);
    const { code, stdout, stderr } = await check({ brokers, topic, kafka: login(limited.password) });
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`the cluster answers; topics there: ${ofBus(topic).join(', ')}\n`), stdout);
    for (const name of ofBus(topic)) {
      const offsets = await asAdmin(server.brokers, (admin) => admin.fetchTopicOffsets(name));
      assert.ok(
        offsets.every(({ high }) => high === '0'),
        name,
      );
    }
  });
  await server.kill();
});
