import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ChangelogKeys, newGeneration } from '../../../bus/kafka/changelog-keys.js';
import { SupersededError } from '../../../bus/kafka/changelog-superseded.js';
import { KafkaWriter } from '../../../kafka/kafka-writer.js';
import { needsSharedKafka, sharedKafka } from '../../servers/kafka-server.js';
import { asAdmin, makeTopics } from '../../support/kafka-admin.js';
import {
  append,
  bytes,
  CLIENT,
  changelogTopic,
  changes,
  connectionTo,
  type Opened,
  openLog,
  records,
  restore,
  texts,
  written,
} from './changelog-fixture.js';

const needs = needsSharedKafka();

/** A topic of one partition, and what is opened of it and closed with the test. */
async function start(t: TestContext, config: Record<string, string> = {}) {
  const connection = connectionTo(await sharedKafka());
  const topic = await changelogTopic(connection, 1, config);
  const at = { connection, topic };
  const open = async (more: Partial<Parameters<typeof openLog>[0]> = {}): Promise<Opened> => {
    const opened = await openLog({ ...at, ...more });
    t.after(() => opened.log.close());
    return opened;
  };
  return { ...at, at, open };
}

/** The keys that have a value, without their unit. */
async function living(at: { connection: Parameters<typeof records>[0]; topic: string }): Promise<string[]> {
  const last = new Map<string, Buffer | null>();
  for (const { key, value } of await records(at.connection, at.topic)) last.set(String(key), value);
  return [...last].flatMap(([key, value]) => (value === null ? [] : [key]));
}

test('another machine goes on from what was saved last', needs, async (t) => {
  const { at, open } = await start(t);
  const { log, restored, startedFromNothing, warnings } = await open();
  assert.equal(startedFromNothing, true);
  assert.deepEqual(texts(restored!), {});
  await log.begin(bytes({ a: '1', b: '2', '': 'no name', 'nul\0in it': '3', ключ: 'значение' }));
  await log.save(changes({ a: '4', b: null, c: '', d: 'x' }));
  await log.save(changes({ d: null, e: '5', never: null }));
  await log.save([]);

  const other = await open();
  assert.equal(other.startedFromNothing, false);
  assert.deepEqual(texts(other.restored!), {
    '': 'no name',
    a: '4',
    c: '',
    e: '5',
    'nul\0in it': '3',
    ключ: 'значение',
  });
  assert.deepEqual([...warnings, ...other.warnings], []);
  await other.log.begin(other.restored!);
  assert.deepEqual(await restore(at), texts(other.restored!));
});

test('a value may be any bytes of any Uint8Array', needs, async (t) => {
  const { open } = await start(t);
  const memory = Uint8Array.from({ length: 300 }, (_, i) => i);
  const { log } = await open();
  await log.begin([['all', memory.subarray(20, 276)]]);
  await log.save([['part', memory.subarray(200, 203)]]);
  const { restored } = await open();
  assert.deepEqual(restored!.get('all'), Buffer.from(memory.subarray(20, 276)));
  assert.deepEqual(restored!.get('part'), Buffer.from([200, 201, 202]));
});

test('a taker removes all that is left of those before it', needs, async (t) => {
  const { at, open } = await start(t);
  for (let i = 0; i < 3; i++) {
    const { log } = await open({ limits: { records: 4 } });
    await log.begin(bytes({ a: `${i}`, [`b${i}`]: '1', [`c${i}`]: '1', [`d${i}`]: '1', [`e${i}`]: '1' }));
    await log.save(changes(Object.fromEntries([...'fghijklm'].map((name) => [name + i, 'large']))));
  }
  const { log } = await open();
  await log.begin(bytes({ a: 'last' }));
  const prefix = `unit\0${log.generation}\0`;
  assert.deepEqual(await living(at), [`${prefix}v0\0a`, `${prefix}b`]);
  const before = await written(at.connection, at.topic);
  const next = await open();
  await next.log.begin(bytes({ a: 'last' }));
  const after = await written(at.connection, at.topic);
  assert.equal(after - before, 4, 'a value and a birth are written and removed: removals are not made twice');
});

test(
  'a local store goes on in its generation after an orderly end, and only what differs is copied',
  needs,
  async (t) => {
    const { at, open } = await start(t);
    const first = await open({ limits: { records: 10 } });
    const values = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, 'old']));
    await first.log.begin(bytes(values));
    await first.log.save(changes(Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`k${i}`, 'new']))));
    await first.log.close();
    Object.assign(values, Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`k${i}`, 'new'])));
    const before = await written(at.connection, at.topic);

    // The store here has gone further than the last copy.
    delete values.k3;
    delete values.k20;
    Object.assign(values, { k4: 'newer', k21: 'newer', added: 'x' });
    const again = await open({ ownGeneration: first.log.generation });
    assert.equal(again.restored, null);
    await again.log.begin(bytes(values));
    assert.equal(again.log.generation, first.log.generation);
    assert.deepEqual(await restore(at), texts(bytes(values)));
    const after = await written(at.connection, at.topic);
    assert.equal(after - before, 1 + 5 + 2, 'the end taken back, five keys, and two of them removed where they were');

    await again.log.save(changes({ k5: 'third', k0: null }));
    const expected = { ...values, k5: 'third' } as Record<string, string>;
    delete expected.k0;
    assert.deepEqual(await restore(at), texts(bytes(expected)));
  },
);

test('without an orderly end a local store goes on in a generation of its own', needs, async (t) => {
  const { at, open } = await start(t);
  const first = await open();
  await first.log.begin(bytes({ a: '1', b: '1' }));
  const again = await open({ ownGeneration: first.log.generation });
  assert.equal(again.restored, null);
  await again.log.begin(bytes({ a: '2' }));
  assert.notEqual(again.log.generation, first.log.generation);
  assert.deepEqual(await restore(at), { a: '2' });
});

test('a local store that others have gone on from is out of date', needs, async (t) => {
  const { open } = await start(t);
  const first = await open();
  await first.log.begin(bytes({ a: '1' }));
  await first.log.close();
  const second = await open();
  await second.log.begin(second.restored!);
  await second.log.save(changes({ a: '2' }));
  await second.log.close();
  const third = await open({ ownGeneration: first.log.generation });
  assert.deepEqual(texts(third.restored!), { a: '2' });
});

test('one that still writes after another took over is ignored, and stops', needs, async (t) => {
  const { at, open } = await start(t);
  const first = await open({ glanceMs: 1e9 });
  await first.log.begin(bytes({ a: '1', b: '1' }));
  await first.log.save([]);
  const second = await open();
  await second.log.begin(second.restored!);
  await second.log.save(changes({ a: '2' }));
  await first.log.save(changes({ a: 'zombie', c: 'zombie' }));
  assert.deepEqual(await restore(at), { a: '2', b: '1' });

  const third = await open();
  await third.log.begin(third.restored!);
  await assert.rejects(second.log.save(changes({ a: 'zombie' })), (error) => {
    assert.ok(error instanceof SupersededError);
    assert.equal(error.superseded, true);
    assert.equal(error.code, 'bus-failed');
    assert.match(error.message, /another process has taken it over/);
    return true;
  });
  assert.equal(second.log.superseded, true);
  await assert.rejects(second.log.begin([]), SupersededError);
  assert.deepEqual(await restore(at), { a: '2', b: '1' });
});

test('one that is about to stop is seen by its writes, wherever they are among those of others', needs, async (t) => {
  const { at, open } = await start(t);
  const first = await open();
  await first.log.begin(bytes({ a: '1' }));
  const second = await open();
  await second.log.begin(second.restored!);
  // More than one look reads, with the birth of the second one far from its end.
  const noise = new ChangelogKeys('noise');
  const generation = newGeneration(1, 'noise');
  const value = Buffer.alloc(100_000, 'noise');
  let saves = 0;
  await assert.rejects(async () => {
    for (; saves < 300; saves++) {
      const key = String(noise.encode(generation, 'value', 0, String(saves)));
      await append(
        at.connection,
        at.topic,
        Array.from({ length: 40 }, () => ({ key, value })),
      );
      await second.log.save(changes({ b: `${saves}` }));
      if (saves >= 3) await first.log.save(changes({ a: `${saves}` }));
    }
  }, SupersededError);
});

test('of two that take over at once the first to be whole wins, and the other one learns it', needs, async (t) => {
  const { at, open } = await start(t);
  const before = await open();
  await before.log.begin(bytes({ a: '0' }));
  const [one, two] = [await open(), await open()];
  await one.log.begin(bytes({ a: 'one' }));
  await assert.rejects(two.log.begin(bytes({ a: 'two' })), SupersededError);
  assert.deepEqual(await restore(at), { a: 'one' });
  await one.log.save(changes({ b: 'one' }));
  assert.deepEqual(await restore(at), { a: 'one', b: 'one' });

  for (let round = 0; round < 5; round++) {
    const takers = [await open(), await open(), await open()];
    const results = await Promise.allSettled(takers.map(({ log }, i) => log.begin(bytes({ taker: `${round} ${i}` }))));
    const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    for (const result of results) if (result.status === 'rejected') assert.ok(result.reason instanceof SupersededError);
    assert.equal(winners.length, 1);
    assert.deepEqual(await restore(at), { taker: `${round} ${winners[0]}` });
    await takers[winners[0]!]!.log.save(changes({ goesOn: 'yes' }));
    assert.deepEqual(await restore(at), { goesOn: 'yes', taker: `${round} ${winners[0]}` });
  }
});

test('units of a partition do not see one another', needs, async (t) => {
  const { at, open } = await start(t);
  const [one, two] = [await open({ unit: 'processors' }), await open({ unit: 'processors:b' })];
  await one.log.begin(bytes({ a: '1' }));
  await two.log.begin(bytes({ a: '2' }));
  await one.log.save(changes({ b: '1' }));
  await two.log.save(changes({ b: '2' }));
  assert.deepEqual(await restore({ ...at, unit: 'processors' }), { a: '1', b: '1' });
  assert.deepEqual(await restore({ ...at, unit: 'processors:b' }), { a: '2', b: '2' });
  assert.deepEqual(await restore({ ...at, unit: 'proc' }), {});
});

test('records that are nothing of a changelog are passed over and counted', needs, async (t) => {
  const { at, open } = await start(t);
  const { log } = await open();
  await log.begin(bytes({ a: '1' }));
  const { generation } = log;
  await append(at.connection, at.topic, [
    { key: '', value: 'empty key' },
    { key: 'unit', value: 'x' },
    { key: 'unit\0', value: 'x' },
    { key: 'unit\0no generation\0v0\0a', value: 'x' },
    { key: `unit\0${generation}`, value: 'x' },
    { key: `unit\0${generation}\0`, value: 'x' },
    { key: `unit\0${generation}\0z`, value: 'x' },
    { key: `unit\0${generation}\0v`, value: 'x' },
    { key: `unit\0${generation}\0v0`, value: 'x' },
    { key: `unit\0${generation}\0vx\0a`, value: 'x' },
    { key: `unit\0${generation}\0bx`, value: 'x' },
    { key: `unit\0${newGeneration(7, 'x')}\0b`, value: 'no JSON' },
    { key: `unit\0${newGeneration(8, 'x')}\0b`, value: '{"format":99,"from":0}' },
    { key: `unit\0${newGeneration(9, 'x')}\0b`, value: 'null' },
    { key: '\0\0', value: Buffer.from([0xff, 0xfe]) },
    { key: `other\0${newGeneration(1, 'x')}\0v0\0a`, value: 'of another unit' },
  ]);
  const other = await open();
  assert.deepEqual(texts(other.restored!), { a: '1' });
  assert.equal(other.warnings.length, 1);
  assert.match(other.warnings[0]!, /15 records in it are none of a changelog/);
  await other.log.begin(other.restored!);
  assert.ok(other.log.generation.startsWith('0000000010.'), 'above all that was there');
});

test('a copy that never became whole is nothing to go on from, and that is said', needs, async (t) => {
  const { at, open } = await start(t);
  const keys = new ChangelogKeys('unit');
  const generation = newGeneration(1, 'x');
  await append(at.connection, at.topic, [{ key: String(keys.encode(generation, 'value', 0, 'a')), value: '1' }]);
  const { restored, startedFromNothing, warnings } = await open();
  assert.deepEqual(texts(restored!), {});
  assert.equal(startedFromNothing, true);
  assert.match(warnings.join(), /no whole checkpoint; the state starts from nothing/);
});

test('a generation whose beginning was deleted is not restored in part', needs, async (t) => {
  const { at, open } = await start(t, { 'cleanup.policy': 'compact,delete' });
  const { log } = await open();
  await log.begin(bytes({ a: '1', b: '1' }));
  await log.save(changes({ b: '2' }));
  await asAdmin(at.connection.brokers, async (admin) => {
    // kafkajs deletes only in topics that it has asked about.
    await admin.fetchTopicOffsets(at.topic);
    await admin.deleteTopicRecords({ topic: at.topic, partitions: [{ partition: 0, offset: '1' }] });
  });
  const other = await open();
  assert.equal(other.startedFromNothing, true);
  assert.match(other.warnings.join(), /cannot be restored.*cleanup\.policy=compact alone/);
  await other.log.begin(bytes({ a: '3' }));
  assert.deepEqual(await restore(at), { a: '3' });
});

test('a log that the brokers have lost is begun again', needs, async (t) => {
  const { at, open } = await start(t);
  const { log } = await open();
  await log.begin(bytes({ a: '1', b: '1' }));
  await log.save(changes({ a: '2' }));
  await asAdmin(at.connection.brokers, (admin) => admin.deleteTopics({ topics: [at.topic] }));
  await new Promise((next) => setTimeout(next, 500));
  await makeTopics(at.connection.brokers, [{ topic: at.topic, numPartitions: 1 }]);
  await assert.rejects(log.save(changes({ b: '2' })), /begin again/);
  await assert.rejects(log.save(changes({ b: '2' })), /has to begin first/);
  await log.begin(bytes({ a: '2', b: '2' }));
  await log.save(changes({ c: '2' }));
  assert.deepEqual(await restore(at), { a: '2', b: '2', c: '2' });
});

test('many keys and large values come back, and reading them is reported', needs, async (t) => {
  const { open } = await start(t);
  const value = (i: number) => Buffer.alloc(i % 1000 === 0 ? 400_000 : i % 50, i);
  const { log } = await open({ options: { ...CLIENT, compression: 'none' } });
  await log.begin(Array.from({ length: 50_000 }, (_, i): [string, Buffer] => [`key ${i}`, value(i)]));
  await log.save(Array.from({ length: 50_000 }, (_, i): [string, Buffer] => [`key ${i}`, value(i + 1)]));
  const reports: { done: number; total: number; bytes: number }[] = [];
  const { restored } = await open({ progress: (progress) => reports.push(progress) });
  assert.equal(restored!.size, 50_000);
  for (let i = 0; i < 50_000; i++) assert.ok(restored!.get(`key ${i}`)!.equals(value(i + 1)), `key ${i}`);
  assert.deepEqual({ done: reports[0]!.done, bytes: reports[0]!.bytes }, { done: 0, bytes: 0 });
  assert.ok(reports.length > 10);
  assert.equal(reports.at(-1)!.done, reports.at(-1)!.total);
  assert.ok(reports.at(-1)!.bytes > 40_000_000);
  assert.ok(reports.every(({ done }, i) => i === 0 || done > reports[i - 1]!.done));
});

test('it can share a writer, which it leaves open', needs, async (t) => {
  const { at, open } = await start(t);
  const writer = new KafkaWriter(at.connection, CLIENT);
  t.after(() => writer.close());
  const one = await open({ writer, unit: 'one' });
  const two = await open({ writer, unit: 'two' });
  await Promise.all([one.log.begin(bytes({ a: '1' })), two.log.begin(bytes({ a: '2' }))]);
  await one.log.close();
  await two.log.save(changes({ b: '2' }));
  assert.deepEqual(await restore({ ...at, unit: 'two' }), { a: '2', b: '2' });
});

test('it is begun before it is saved, and used by one at a time', needs, async (t) => {
  const { open } = await start(t);
  const { log } = await open();
  assert.throws(() => log.generation, /has not begun/);
  await assert.rejects(log.save([]), /has to begin first/);
  const beginning = log.begin(bytes({ a: '1' }));
  await assert.rejects(log.save([]), /used by two at once/);
  await beginning;
  await assert.rejects(open({ unit: 'a\0b' }), /without NUL/);
});
