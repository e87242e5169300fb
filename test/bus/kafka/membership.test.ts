import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { serverPort } from '../../servers/install.js';
import { needsSharedKafka, sharedKafka, uniqueName } from '../../servers/kafka-server.js';
import { eventually } from '../../support/eventually.js';
import { asAdmin } from '../../support/kafka-admin.js';
import {
  assertBalanced,
  assertWithin,
  isSettled,
  type LocalMember,
  member,
  newTopic,
  owned,
  PARTITIONS,
  ProcessMember,
  plain,
  SESSION_MS,
  typesOf,
} from './members.js';

// It stands still with all that is in this process, so it is alone.
test(
  'Members whose process stood still for longer than a session know that they lost all, whatever was answered before',
  needsSharedKafka(),
  async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    // There is nearly always an answer under way.
    const a = await member('a').start(plain(server), topic, groupId, { sessionMs: SESSION_MS, heartbeatMs: 1 });
    const b = new ProcessMember(server, topic, groupId, 'b');
    await eventually('they share all', () => isSettled([a, b]));
    const told = a.events.length;
    const { generation } = a.membership;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SESSION_MS + 2_000);
    assert.equal(a.membership.state, 'lost');
    assert.deepEqual(a.membership.partitions, []);
    await eventually('it has heard of it', () => a.events.length > told);
    await eventually('they share all again', () => isSettled([a, b]));
    assert.deepEqual(typesOf(a).slice(told), ['lost', 'assigned']);
    assert.ok(a.membership.generation > generation);
    await a.membership.close();
    await b.end('SIGTERM');
  },
);

describe('Members', { ...needsSharedKafka(), concurrency: 5 }, () => {
  test('in processes of their own own every partition once while members are killed, added, stopped and stand still, and few partitions move', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const start = (instance: string) => new ProcessMember(server, topic, groupId, instance);

    const [a, b, c] = [start('a'), start('b'), start('c')];
    await eventually('three members share all partitions', () => isSettled([a, b, c]));
    assertBalanced([a, b, c]);

    const before = { a: owned(a), b: owned(b), c: owned(c) };
    await b.end('SIGKILL');
    await eventually('two members have taken over what the killed one had', () => isSettled([a, c]));
    assertBalanced([a, c]);
    assertWithin(before.a, owned(a), 'the first kept all it had');
    assertWithin(before.c, owned(c), 'the third kept all it had');

    const again = start('b');
    await eventually('three members share all partitions again', () => isSettled([a, again, c]));
    assertBalanced([a, again, c]);
    assertWithin(owned(again), before.b, 'the one that was killed has what it had before');
    assertWithin(before.a, owned(a), 'and the first as well');
    assertWithin(before.c, owned(c), 'and the third as well');

    const three = { a: owned(a), b: owned(again), c: owned(c) };
    const d = start('d');
    await eventually('four members share all partitions', () => isSettled([a, again, c, d]));
    assertBalanced([a, again, c, d]);
    assertWithin(owned(a), three.a, 'nothing moved between those that were there');
    assertWithin(owned(again), three.b, 'nothing moved between those that were there');
    assertWithin(owned(c), three.c, 'nothing moved between those that were there');

    await a.end('SIGTERM');
    await eventually('three members have taken over what the stopped one had', () => isSettled([again, c, d]));
    assertBalanced([again, c, d]);

    // A process that stands still for longer than the session: the others go on without it, and it comes back.
    c.child.kill('SIGSTOP');
    await eventually('two members own all', () => isSettled([again, d]));
    const events = c.events.length;
    c.child.kill('SIGCONT');
    await eventually('the one that stood still is back', () => isSettled([again, c, d]));
    assert.equal(c.events[events]!.type, 'lost', 'it hears first that it owns nothing');
    assertBalanced([again, c, d]);
    await Promise.all([again, c, d].map((each) => each.end('SIGTERM')));
  });

  test('that leave are followed at once, without waiting for the end of their session', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const a = await member('a').start(plain(server), topic, groupId);
    assert.deepEqual(owned(a), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(a.membership.state, 'member');
    const b = await member('b').start(plain(server), topic, groupId);
    await eventually('they share all', () => isSettled([a, b]));
    assertBalanced([a, b]);
    assert.deepEqual(b.membership.partitions, owned(b));
    assert.equal(b.membership.generation, b.events.at(-1)!.generation);

    await a.membership.close();
    const told = a.events.length;
    await eventually('the other owns all', () => isSettled([b]));
    assert.deepEqual(a.membership.partitions, []);
    await b.membership.close();
    assert.equal(a.events.length, told, 'who has left is told nothing');
    const { groups } = await asAdmin(server.brokers, (admin) => admin.describeGroups([groupId]));
    assert.equal(groups[0]!.members.length, 0);
  });

  test('show their positions with the group, and only those of what they own', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const a = await member('a').start(plain(server), topic, groupId);
    const b = await member('b').start(plain(server), topic, groupId);
    await eventually('they share all', () => isSettled([a, b]));
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    await a.membership.commit(all.map((partition) => ({ topic, partition, offset: 1000 + partition })));
    await b.membership.commit([{ topic, partition: owned(b)[0]!, offset: 2 ** 40 }]);
    const [stored] = await asAdmin(server.brokers, (admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
    const offsets = Object.fromEntries(stored!.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    for (const partition of all) {
      const expected = owned(a).includes(partition) ? 1000 + partition : partition === owned(b)[0] ? 2 ** 40 : -1;
      assert.equal(offsets[partition], expected, `partition ${partition}`);
    }
    await a.membership.close();
    await a.membership.commit([{ topic, partition: 0, offset: 1 }]);
    await b.membership.close();
  });

  test('keep their partitions until they have handed them over', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const a = await member('a').start(plain(server), topic, groupId, { sessionMs: SESSION_MS });
    let handOver = () => {};
    const before = owned(a);
    a.handover = () =>
      new Promise((resolve) => {
        handOver = resolve;
      });
    const b = member('b');
    const started = b.start(plain(server), topic, groupId, { sessionMs: SESSION_MS });
    await eventually('it is asked to hand over', () => typesOf(a).includes('rebalancing'));
    assert.equal(a.membership.state, 'joining');
    // Longer than a session: it must go on telling the group that it is there.
    await sleep(SESSION_MS + 1_000);
    assert.deepEqual(typesOf(a), ['assigned', 'rebalancing']);
    assert.deepEqual(a.membership.partitions, before);
    assert.deepEqual(b.events, []);
    handOver();
    await started;
    await eventually('they share all', () => isSettled([a, b]));
    assertBalanced([a, b]);
    await Promise.all([a.membership.close(), b.membership.close()]);
  });

  test('that do not hand over in the time the group waits lose what they had', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const times = { rebalanceMs: 2_000 };
    const a = await member('a').start(plain(server), topic, groupId, times);
    a.handover = () => new Promise(() => {});
    const b = await member('b').start(plain(server), topic, groupId, times);
    assert.deepEqual(typesOf(a).slice(0, 3), ['assigned', 'rebalancing', 'lost'], 'before others get them');
    a.handover = () => {};
    await eventually('it is a member again', () => isSettled([a, b]));
    assertBalanced([a, b]);
    await Promise.all([a.membership.close(), b.membership.close()]);
  });

  test('that leave while the group waits for another one are out at once', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const a = await member('a').start(plain(server), topic, groupId);
    const b = await member('b').start(plain(server), topic, groupId);
    await eventually('they share all', () => isSettled([a, b]));
    let handOver = () => {};
    a.handover = () =>
      new Promise((resolve) => {
        handOver = resolve;
      });
    const c = member('c');
    const started = c.start(plain(server), topic, groupId);
    await eventually('the group waits for the first', () =>
      [a, b].every((each) => typesOf(each).at(-1) === 'rebalancing'),
    );
    await b.membership.close();
    handOver();
    await started;
    await eventually('two own all', () => isSettled([a, c]));
    assert.equal(typesOf(b).at(-1), 'rebalancing');
    await Promise.all([a.membership.close(), c.membership.close()]);
  });

  test('never own a partition at the same time, whoever comes and goes', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const owners: (string | null)[] = new Array(PARTITIONS).fill(null);
    const twice: string[] = [];
    const release = (name: string) => {
      for (const [partition, owner] of owners.entries()) if (owner === name) owners[partition] = null;
    };
    const start = async (name: string): Promise<LocalMember> => {
      const made = member(name);
      const { events } = made;
      // Seen in the moment it happens: all of them are in this process.
      events.push = (...items) => {
        for (const { type, owned: given } of items) {
          if (type === 'lost') release(name);
          for (const partition of given) {
            const owner = owners[partition] ?? null;
            if (owner !== null && owner !== name) twice.push(`${partition} of ${owner} given to ${name}`);
            owners[partition] = name;
          }
        }
        return Array.prototype.push.apply(events, items);
      };
      made.handover = async () => {
        await sleep(Math.random() * 100);
        release(name);
      };
      return made.start(plain(server), topic, groupId);
    };
    const members = await Promise.all(['a', 'b', 'c'].map(start));
    for (let round = 0; round < 6; round++) {
      const leaving = members.shift()!;
      const leaves = (async () => {
        release(leaving.instance);
        await leaving.membership.close();
      })();
      members.push(await start(`${leaving.instance}${round}`));
      await leaves;
    }
    await eventually('all settle', () => isSettled(members));
    assert.deepEqual(twice, []);
    await Promise.all(members.map(({ membership }) => membership.close()));
  });

  test('do not join consumers of another kind', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    const groupId = uniqueName('group');
    const consumer = new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING }).consumer({ groupId });
    await consumer.connect();
    await consumer.subscribe({ topic });
    const joined = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
    await consumer.run({ eachMessage: async () => {} });
    await joined;
    await assert.rejects(member('a').start(plain(server), topic, groupId), {
      code: 'bus-failed',
      retryable: false,
      message: new RegExp(`joining the group ${groupId}: consumers of another kind`),
    });
    await consumer.disconnect();
  });

  test('need a session that the brokers allow', async () => {
    const server = await sharedKafka();
    const topic = await newTopic(server);
    await assert.rejects(member('a').start(plain(server), topic, uniqueName('group'), { sessionMs: 500 }), {
      code: 'bus-failed',
      retryable: false,
      message: /session timeout/,
    });
  });

  test('say that no broker answers', async () => {
    const nowhere = plain({ brokers: [`127.0.0.1:${await serverPort()}`] });
    await assert.rejects(member('a').start(nowhere, 'telemetry', 'group'), {
      code: 'bus-failed',
      retryable: true,
      message: /joining the group group: no broker answers at 127/,
    });
  });
});
