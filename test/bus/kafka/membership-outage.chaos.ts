import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KafkaSasl } from '../../../kafka/kafka-connection.js';
import { type KafkaServer, needsOwnKafka, startKafka, uniqueName } from '../../servers/kafka-server.js';
import { eventually } from '../../support/eventually.js';
import { asAdmin, type Right, setRights } from '../../support/kafka-admin.js';
import { isSettled, type LocalMember, member, newTopic, owned, plain, typesOf } from './members.js';

const SHORT = { 'group.min.session.timeout.ms': '500' };
const TIMES = { sessionMs: 1_500, heartbeatMs: 200 };

async function two(server: KafkaServer, times: { sessionMs: number; heartbeatMs: number }): Promise<LocalMember[]> {
  const topic = await newTopic(server);
  const groupId = uniqueName('group');
  const members = [
    await member('a').start(plain(server), topic, groupId, times),
    await member('b').start(plain(server), topic, groupId, times),
  ];
  await eventually('they share all', () => isSettled(members));
  return members;
}

const isLost = ({ events, membership }: LocalMember) => events.at(-1)!.type === 'lost' && membership.state === 'lost';

describe('Members of a group whose broker', needsOwnKafka(), () => {
  test('is away for longer than a session give up, and come back to the same partitions', async () => {
    const server = await startKafka({ properties: SHORT });
    const members = await two(server, TIMES);
    const before = members.map(owned);
    for (const ends of ['stop', 'kill'] as const) {
      await server[ends]();
      await eventually('they give up', () => members.every(isLost));
      for (const { membership, lostFor } of members) {
        assert.deepEqual(membership.partitions, []);
        assert.match(lostFor!.message, /could not be reached for 1500 ms/);
        // Does nothing, and does not throw.
        await membership.commit([{ topic: members[0]!.topic, partition: 0, offset: 1 }]);
      }
      await server.start();
      await eventually('they are back', () => isSettled(members));
      assert.deepEqual(members.map(owned), before);
    }
    // And when it stays away, they can be closed.
    await server.kill();
    await Promise.all(members.map(({ membership }) => membership.close()));
  });

  test('restarts within a session notice nothing of it', async () => {
    const server = await startKafka();
    const members = await two(server, { sessionMs: 120_000, heartbeatMs: 200 });
    const told = members.map((each) => each.events.length);
    const topic = members[0]!.topic;
    await server.stop();
    await server.start();
    let offset = 0;
    await eventually('each commits again', async () => {
      offset++;
      for (const each of members) await each.membership.commit([{ topic, partition: owned(each)[0]!, offset }]);
      const groupId = members[0]!.groupId;
      const [stored] = await asAdmin(server.brokers, (admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
      const committed = (partition: number) => stored!.partitions.find((each) => each.partition === partition)!.offset;
      return members.every((each) => Number(committed(owned(each)[0]!)) > 0);
    });
    assert.deepEqual(
      members.map((each) => each.events.length),
      told,
    );
    await Promise.all(members.map(({ membership }) => membership.close()));
    await server.kill();
  });

  test('hangs give up, and come back when it goes on', async () => {
    const server = await startKafka({ properties: SHORT });
    const members = await two(server, TIMES);
    server.pause();
    await eventually('they give up', () => members.every(isLost));
    server.resume();
    await eventually('they are back', () => isSettled(members));
    // It may be closed while it hangs, too.
    server.pause();
    await Promise.all(members.map(({ membership }) => membership.close()));
    assert.ok(members.every((each) => typesOf(each).at(-1) !== 'lost' || isLost(each)));
    await server.kill();
  });
});

test('A member that may not be one is told why.', needsOwnKafka(), async (t) => {
  const server = await startKafka({ secure: true });
  const { sasl, limited } = server.security!;
  const topic = await newTopic(server);
  const groupId = uniqueName('group');
  const login = (password: string): KafkaSasl => ({ mechanism: 'scram-sha-256', username: limited.username, password });
  const start = (password: string) =>
    member('a').start({ brokers: sasl, tls: null, sasl: login(password) }, topic, groupId);
  const allow = (kind: Right['kind'], name: string) =>
    setRights(server.brokers, limited.username, [{ kind, name, operation: 'READ' }]);

  await t.test('a wrong password', async () => {
    await assert.rejects(start('wrong'), {
      code: 'bus-failed',
      retryable: false,
      message: `Kafka, joining the group ${groupId}: the brokers refused the user name or the password`,
    });
  });
  await t.test('no right to the topic', async () => {
    await assert.rejects(start(limited.password), {
      code: 'bus-failed',
      retryable: false,
      message: /right to the topic/,
    });
  });
  await t.test('no right to the group', async () => {
    await allow('TOPIC', topic);
    await assert.rejects(start(limited.password), {
      code: 'bus-failed',
      retryable: false,
      message: /no right \(Read\) to the consumer group/,
    });
  });
  await t.test('nothing, with all rights', async () => {
    await allow('GROUP', groupId);
    const { membership } = await start(limited.password);
    assert.equal(membership.partitions.length, 8);
    await membership.close();
  });
  await server.kill();
});
