import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import kafkajs, { type Admin } from 'kafkajs';
import { kafkaClient } from '../../kafka/kafka-client.js';
import type { KafkaConnection } from '../../kafka/kafka-connection.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { ensureTopics, TopicAdmin, type TopicSpec } from '../../kafka/topic-admin.js';
import {
  type KafkaServer,
  needsOwnKafka,
  needsSharedKafka,
  sharedKafka,
  startKafka,
  uniqueName,
} from '../servers/kafka-server.js';
import { type Right, setRights } from '../support/kafka-admin.js';

const { ConfigResourceTypes } = kafkajs;
const options = { clientId: 'topics-test', retries: 2 };

async function shared(): Promise<KafkaConnection> {
  return { brokers: [...(await sharedKafka()).brokers], tls: null, sasl: null };
}

function spec(topic: string, more: Partial<TopicSpec> = {}): TopicSpec {
  return { topic, partitions: 3, replication: 1, configs: {}, ...more };
}

/** What the brokers say, asked by kafkajs itself. */
async function asked<T>(connection: KafkaConnection, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkaClient(connection, options).admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

async function configsOf(connection: KafkaConnection, topic: string): Promise<Record<string, string>> {
  const { resources } = await asked(connection, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] }),
  );
  return Object.fromEntries(resources[0]!.configEntries.map((each) => [each.configName, each.configValue]));
}

const COMPACTED = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': '60000',
  'max.message.bytes': '2000000',
};

test('Missing topics are made as wanted, and can be written to at once.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const [events, state] = [uniqueName('events'), uniqueName('state')];
  const ensured = await ensureTopics(kafka, options, [
    spec(events, { configs: { 'retention.ms': '3600000' } }),
    spec(state, { partitions: 1, configs: COMPACTED }),
  ]);
  assert.deepEqual(ensured.warnings, []);
  assert.deepEqual(ensured.topics.get(events), { partitions: 3, maxMessageBytes: 1048588 });
  assert.deepEqual(ensured.topics.get(state), { partitions: 1, maxMessageBytes: 2000000 });
  assert.equal((await configsOf(kafka, events))['retention.ms'], '3600000');
  const configs = await configsOf(kafka, state);
  for (const [name, value] of Object.entries(COMPACTED)) assert.equal(configs[name], value);

  const writer = new KafkaWriter(kafka, { ...options, retries: 1, compression: 'none' });
  await writer.send([{ topic: events, messages: [0, 1, 2].map((partition) => ({ value: 'x', partition })) }]);
  await writer.close();
  assert.deepEqual(await ensureTopics(kafka, options, [spec(events)]), {
    topics: new Map([[events, { partitions: 3, maxMessageBytes: 1048588 }]]),
    warnings: [],
  });
});

test('Partitions and replicas that are left open are those of the brokers.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const topic = uniqueName('default');
  const { topics } = await ensureTopics(kafka, options, [spec(topic, { partitions: null, replication: null })]);
  const { topics: found } = await asked(kafka, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  assert.equal(topics.get(topic)!.partitions, found[0]!.partitions.length);
});

test('Another number of partitions is refused with both numbers, unless any will do.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const topic = uniqueName('narrow');
  await ensureTopics(kafka, options, [spec(topic)]);
  await assert.rejects(ensureTopics(kafka, options, [spec(topic, { partitions: 12 })]), {
    code: 'bad-configuration',
    message: new RegExp(`topic ${topic} has 3 partitions, not 12; configure that number, or another topic`),
  });
  for (const any of [{ partitions: null }, { partitions: 12, anyPartitions: true }]) {
    const { topics } = await ensureTopics(kafka, options, [spec(topic, any)]);
    assert.equal(topics.get(topic)!.partitions, 3);
  }
});

test('A topic for state that is not compacted is refused, since state would be lost.', needsSharedKafka(), async () => {
  const kafka = await shared();
  for (const policy of ['delete', 'compact,delete']) {
    const topic = uniqueName('lossy');
    await ensureTopics(kafka, options, [spec(topic, { configs: { 'cleanup.policy': policy } })]);
    await assert.rejects(ensureTopics(kafka, options, [spec(topic, { configs: COMPACTED })]), {
      code: 'bad-configuration',
      message: new RegExp(`${topic} has cleanup.policy=${policy}, not compact: state .* lost; set it: .*--alter`),
    });
  }
});

test(
  'A topic for messages that is compacted is refused, since messages would be lost.',
  needsSharedKafka(),
  async () => {
    const kafka = await shared();
    const topic = uniqueName('compacted');
    await ensureTopics(kafka, options, [spec(topic, { configs: COMPACTED })]);
    const wanted = spec(topic, { configs: { 'cleanup.policy': 'delete' } });
    await assert.rejects(ensureTopics(kafka, options, [wanted]), {
      code: 'bad-configuration',
      message: /has cleanup\.policy=compact, not delete: messages would be lost, all but the last of each key/,
    });
  },
);

test('A topic that takes only smaller messages than may come is warned about.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const topic = uniqueName('small');
  await ensureTopics(kafka, options, [spec(topic, { configs: { 'max.message.bytes': '5000' } })]);
  const { warnings } = await ensureTopics(kafka, options, [spec(topic, { configs: { 'max.message.bytes': '6000' } })]);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    new RegExp(`topic ${topic} takes messages of 5000 bytes .* up to 6000 .* set max.message`),
  );
});

test('What the brokers do not allow of a new topic is refused in words.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const taken = uniqueName('dotted.name');
  await ensureTopics(kafka, options, [spec(taken)]);
  const refusals: [TopicSpec, RegExp][] = [
    [spec(uniqueName('wide'), { replication: 3 }), /with 3 replicas: the cluster has fewer brokers; lower replication/],
    [spec('no/such/name'), /topic no\/such\/name.*the name is not allowed/],
    [spec(taken.replace('.', '_')), /differs from that of another topic only in \. and _/],
    [
      spec(uniqueName('odd'), { configs: { 'no.such.setting': '1' } }),
      /INVALID_CONFIG; make it by hand, with 3 partitions and no\.such\.setting=1/,
    ],
    [spec(uniqueName('none'), { partitions: 0 }), /INVALID_PARTITIONS/],
  ];
  for (const [wanted, message] of refusals) {
    await assert.rejects(ensureTopics(kafka, options, [wanted]), { code: 'bad-configuration', message });
  }
});

test('Several processes make the same topics at once.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const specs = Array.from({ length: 8 }, () => spec(uniqueName('race'), { partitions: 4 }));
  const all = await Promise.all(
    Array.from({ length: 6 }, (_, i) => ensureTopics(kafka, options, i % 2 === 0 ? specs : [...specs].reverse())),
  );
  for (const { topics } of all) {
    assert.equal(topics.size, specs.length);
    for (const { partitions } of topics.values()) assert.equal(partitions, 4);
  }
});

test('Hundreds of topics are made in one call.', needsSharedKafka(), async () => {
  const kafka = await shared();
  const specs = Array.from({ length: 250 }, () => spec(uniqueName('many'), { partitions: 1 }));
  const { topics } = await ensureTopics(kafka, options, specs);
  assert.deepEqual([...topics.keys()].sort(), specs.map(({ topic }) => topic).sort());
});

test(
  'The ends of topics are given by partition; those that are not there are left out.',
  needsSharedKafka(),
  async () => {
    const kafka = await shared();
    const [used, empty, missing] = [uniqueName('used'), uniqueName('empty'), uniqueName('missing')];
    const admin = new TopicAdmin(kafka, options);
    after(() => admin.close());
    await admin.ensure([spec(used), spec(empty)]);
    const writer = new KafkaWriter(kafka, { ...options, compression: 'gzip' });
    await writer.send([{ topic: used, messages: [0, 2, 2, 2].map((partition) => ({ value: 'x', partition })) }]);
    await writer.close();
    const ends = await admin.ends([used, missing, empty]);
    assert.deepEqual(Object.fromEntries(ends), { [used]: [1, 0, 3], [empty]: [0, 0, 0] });
    await admin.close();
    assert.deepEqual((await admin.ends([used])).get(used), [1, 0, 3], 'it connects again');
  },
);

test('Brokers that do not answer are named, and may come.', async () => {
  const nobody = { brokers: ['127.0.0.1:1'], tls: null, sasl: null };
  await assert.rejects(ensureTopics(nobody, { ...options, retries: 0 }, [spec('any')]), {
    code: 'bus-failed',
    retryable: true,
    message: /no broker answers at 127\.0\.0\.1:1 \(ECONNREFUSED\)/,
  });
});

test('Rights', needsOwnKafka(), async (t) => {
  const server: KafkaServer = await startKafka({ secure: true });
  after(() => server.kill());
  const { sasl, limited } = server.security!;
  const asAdmin: KafkaConnection = { brokers: [...server.brokers], tls: null, sasl: null };
  const asLimited: KafkaConnection = { brokers: [...sasl], tls: null, sasl: { mechanism: 'plain', ...limited } };
  const grant = (name: string, ...operations: Right['operation'][]) =>
    setRights(
      server.brokers,
      limited.username,
      operations.map((operation) => ({ kind: 'TOPIC', name, operation })),
    );

  await t.test('Without Describe the right and the topic are named.', async () => {
    await ensureTopics(asAdmin, options, [spec('hidden')]);
    await assert.rejects(ensureTopics(asLimited, options, [spec('hidden')]), {
      code: 'bus-failed',
      retryable: false,
      message: 'Kafka topic hidden: the user has no right to it (Describe)',
    });
  });
  await t.test('Without Create the right, the topic and how to make it are named.', async () => {
    await grant('unmade', 'DESCRIBE');
    await assert.rejects(ensureTopics(asLimited, options, [spec('unmade', { configs: COMPACTED })]), {
      code: 'bus-failed',
      retryable: false,
      message: /topic unmade: .*\(Create\).*make it by hand, with 3 partitions and cleanup\.policy=compact, min\.comp/,
    });
  });
  await t.test('Create on the one topic is enough to make it.', async () => {
    await grant('unmade', 'CREATE', 'DESCRIBE_CONFIGS');
    const { topics, warnings } = await ensureTopics(asLimited, options, [spec('unmade', { configs: COMPACTED })]);
    assert.deepEqual([...topics], [['unmade', { partitions: 3, maxMessageBytes: 2000000 }]]);
    assert.deepEqual(warnings, []);
  });
  await t.test('Without DescribeConfigs it goes on with a warning that says what must be set.', async () => {
    await ensureTopics(asAdmin, options, [spec('opaque')]);
    await grant('opaque', 'DESCRIBE');
    const { topics, warnings } = await ensureTopics(asLimited, options, [spec('opaque', { configs: COMPACTED })]);
    assert.deepEqual([...topics], [['opaque', { partitions: 3, maxMessageBytes: null }]]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /topic opaque: .*\(DescribeConfigs\).* must have cleanup\.policy=compact/);
    assert.deepEqual(
      (await ensureTopics(asLimited, options, [spec('opaque')])).warnings,
      [],
      'nothing is wanted of it',
    );
  });
  await server.kill();
});
