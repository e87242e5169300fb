import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Bus, BusReader, BusRecord, Commit, RecordMeta, RecordValue } from '../../bus/bus.js';
import { field, Schema } from '../../columnar/schema.js';

/** Opens the bus that lives at `place`: empty the first time, with all that was committed after. */
export type OpenBus = (place: string, partitions: number) => Promise<Bus>;

export function meta(sequence: number, rest: Partial<RecordMeta> = {}): RecordMeta {
  return {
    kind: 'data',
    key: 'car/44',
    stream: 'car/44/imu',
    receivedUs: 1_711_111_111_123_000 + sequence,
    writer: 'gateway-1',
    sequence,
    tags: '',
    ...rest,
  };
}

export function value(bytes: Uint8Array | string): RecordValue {
  const content = Buffer.from(bytes);
  return { bytesMax: content.length, write: (target, at) => at + content.copy(target, at) };
}

/** Everything of a partition from `offset` on, with the values copied, read in runs of about `bytesMax`. */
export async function readAll(
  bus: BusReader,
  topic: string,
  partition: number,
  offset = 0,
  bytesMax = 1 << 16,
): Promise<BusRecord[]> {
  const records: BusRecord[] = [];
  for (let at = offset; ; ) {
    const run = await bus.read(topic, partition, at, bytesMax);
    if (run.records.length === 0 && run.next >= (await bus.end(topic, partition))) return records;
    for (const record of run.records) records.push({ ...record, value: Buffer.from(record.value) });
    if (run.records.length > 0) {
      assert.equal(run.next, records.at(-1)!.offset + 1, 'a run says where to read on');
    }
    at = run.next;
  }
}

function texts(records: readonly BusRecord[]): string[] {
  return records.map((record) => record.value.toString());
}

async function put(bus: Bus, topic: string, partition: number, ...contents: string[]): Promise<void> {
  const commit = bus.begin();
  for (const content of contents) commit.append(topic, partition, meta(1), value(content));
  await commit.commit();
}

/** What every bus promises, whatever it is made of. */
export function busContract(name: string, open: OpenBus, options: { runs?: number; skip?: string | false } = {}): void {
  describe(name, { skip: options.skip ?? false }, () => {
    const root = mkdtempSync(join(tmpdir(), 'pitwall-bus-'));
    let places = 0;
    const place = (): string => join(root, String(places++));
    const opened: Bus[] = [];
    const fresh = async (partitions = 4, at = place()): Promise<Bus> => {
      const bus = await open(at, partitions);
      opened.push(bus);
      return bus;
    };
    after(async () => {
      for (const bus of opened) await bus.close();
      rmSync(root, { recursive: true, force: true });
    });

    test('an empty bus has nothing to read and starts and ends at 0', async () => {
      const bus = await fresh(3);
      assert.equal(bus.partitions, 3);
      assert.equal(await bus.start('telemetry', 2), 0);
      assert.equal(await bus.end('telemetry', 2), 0);
      assert.deepEqual(await bus.read('telemetry', 2, 0, 1000), { records: [], next: 0, dropped: 0 });
      assert.equal(bus.fact('clients', 'a'), undefined);
      assert.deepEqual([...bus.facts('clients')], []);
      assert.equal(bus.schema(17), undefined);
    });

    test('a record comes back with all its fields, whatever they hold', async () => {
      const bus = await fresh();
      const metas: RecordMeta[] = [
        meta(1, { key: 'Nürburgring/№7', stream: 'Nürburgring/№7/öl 🏁', writer: 'gäteway', tags: '{"car":"44"}' }),
        meta(2 ** 53 - 1, { kind: 'tick', key: '', stream: '', receivedUs: 0.5 }),
        meta(3, { key: 'k'.repeat(500), stream: 's'.repeat(512), tags: `{"x":"${'ü'.repeat(70_000)}"}` }),
      ];
      const commit = bus.begin();
      // A tick has no value.
      const bytes = (m: RecordMeta, i: number) => Buffer.alloc(m.kind === 'tick' ? 0 : i * 100, i);
      for (const [i, m] of metas.entries()) commit.append('telemetry', 1, m, value(bytes(m, i)));
      assert.equal(commit.records, 3);
      assert.ok(commit.bytes > 140_000, 'a commit says how much it holds');
      await commit.commit();
      const records = await readAll(bus, 'telemetry', 1);
      assert.deepEqual(
        records,
        metas.map((m, i) => ({ ...m, offset: i, value: bytes(m, i) })),
      );
    });

    test('offsets count from 0 without a gap in each partition of each topic, over many commits', async () => {
      const bus = await fresh();
      for (let n = 0; n < 20; n++) {
        const commit = bus.begin();
        for (let i = 0; i < 5; i++) commit.append('telemetry', i % 2, meta(n), value(`${n}.${i}`));
        commit.append('g_at_position', 1, meta(n), value(`out ${n}`));
        await commit.commit();
      }
      assert.deepEqual(
        (await readAll(bus, 'telemetry', 0)).map((r) => r.offset),
        Array.from({ length: 60 }, (_, i) => i),
      );
      assert.equal(await bus.end('telemetry', 1), 40);
      assert.equal(await bus.end('g_at_position', 1), 20);
      assert.equal(await bus.end('g_at_position', 0), 0);
      assert.deepEqual(texts(await readAll(bus, 'telemetry', 1)).slice(0, 4), ['0.1', '0.3', '1.1', '1.3']);
    });

    test('records, facts and schemas of a commit show together, and only once it is durable', async () => {
      const bus = await fresh();
      const schema = new Schema([field('ax', 'f32'), field('rpm', 'i16', 0.25, -5)]);
      const commit = bus.begin();
      commit.append('telemetry', 0, meta(1), value('a'));
      commit.append('telemetry', 3, meta(1), value('b'));
      commit.setFact('clients', 'car-44', Buffer.from('17'));
      commit.addSchema(schema);
      assert.equal((await bus.end('telemetry', 0)) + (await bus.end('telemetry', 3)), 0);
      assert.equal(bus.fact('clients', 'car-44'), undefined);
      await commit.commit();
      assert.deepEqual(
        [...texts(await readAll(bus, 'telemetry', 0)), ...texts(await readAll(bus, 'telemetry', 3))],
        ['a', 'b'],
      );
      assert.equal(bus.fact('clients', 'car-44')?.toString(), '17');
      assert.deepEqual(bus.schema(schema.fingerprint)?.fields, schema.fields);
      assert.equal(bus.schema(schema.fingerprint)?.fingerprint, schema.fingerprint);
      const again = bus.begin();
      again.addSchema(schema);
      await again.commit();
      assert.deepEqual(bus.schema(schema.fingerprint)?.fields, schema.fields);
    });

    test('facts are set, replaced and removed, and listed by table and prefix in ascending order', async () => {
      const bus = await fresh();
      const commit = bus.begin();
      const names = ['b', 'a', 'a/1', 'a/2', 'ab', 'é', '', 'zz'];
      for (const key of names) commit.setFact('clients', key, Buffer.from(`v ${key}`));
      commit.setFact('clients2', 'a/3', Buffer.from('other table'));
      commit.setFact('clients', 'gone', Buffer.from('x'));
      await commit.commit();
      const next = bus.begin();
      next.setFact('clients', 'gone', null);
      next.setFact('clients', 'never there', null);
      next.setFact('clients', 'b', Buffer.from('new'));
      next.setFact('clients', 'b', Buffer.from('newest'));
      next.setFact('clients', 'empty', Buffer.alloc(0));
      await next.commit();
      assert.equal(bus.fact('clients', 'gone'), undefined);
      assert.equal(bus.fact('clients', 'b')?.toString(), 'newest');
      assert.equal(bus.fact('clients', 'empty')?.length, 0);
      assert.deepEqual(
        [...bus.facts('clients')].map(([key]) => key),
        ['', 'a', 'a/1', 'a/2', 'ab', 'b', 'empty', 'zz', 'é'],
      );
      assert.deepEqual(
        [...bus.facts('clients', 'a/')].map(([key, v]) => `${key}=${v}`),
        ['a/1=v a/1', 'a/2=v a/2'],
      );
      assert.deepEqual([...bus.facts('nothing')], []);
    });

    test('a fact is what it was when it was set, though the caller uses its buffer again', async () => {
      const bus = await fresh();
      const buffer = Buffer.from('first');
      const commit = bus.begin();
      commit.setFact('t', 'k', buffer);
      buffer.fill(0);
      await commit.commit();
      assert.equal(bus.fact('t', 'k')?.toString(), 'first');
    });

    test('thousands of facts are all listed', async () => {
      const bus = await fresh();
      const keys = Array.from({ length: 3000 }, (_, i) => `client-${String(i).padStart(5, '0')}`);
      const commit = bus.begin();
      for (const key of keys) commit.setFact('clients', key, Buffer.from(key));
      await commit.commit();
      assert.deepEqual(
        [...bus.facts('clients')].map(([key]) => key),
        keys,
      );
    });

    test('two commits may be open at once; they become durable in the order they were begun', async () => {
      const bus = await fresh();
      const first = bus.begin();
      const second = bus.begin();
      second.append('telemetry', 0, meta(2), value('second'));
      first.append('telemetry', 0, meta(1), value('first'));
      let firstDone = false;
      const later = second.commit().then(() => assert.equal(firstDone, true, 'the first is durable before the second'));
      first.append('telemetry', 0, meta(1), value('first again'));
      await first.commit().then(() => {
        firstDone = true;
      });
      await later;
      assert.deepEqual(texts(await readAll(bus, 'telemetry', 0)), ['first', 'first again', 'second']);
    });

    test('a commit is filled while others are made durable, and nothing of one gets into another', async () => {
      const bus = await fresh();
      const running: Promise<void>[] = [];
      const expected: string[] = [];
      for (let n = 0; n < 60; n++) {
        const commit = bus.begin();
        for (let i = 0; i < 10; i++) {
          const content = `${n}/${i} ${'x'.repeat((n * 7919 + i * 104_729) % 20_000)}`;
          commit.append('telemetry', 0, meta(n), value(content));
          expected.push(content);
        }
        running.push(commit.commit());
        if (n % 7 === 0) await running[n - 3];
      }
      await Promise.all(running);
      assert.deepEqual(texts(await readAll(bus, 'telemetry', 0)), expected);
    });

    test('an abandoned commit leaves nothing behind and holds nobody up', async () => {
      const bus = await fresh();
      const abandoned = bus.begin();
      abandoned.append('telemetry', 0, meta(1), value('never'));
      abandoned.setFact('t', 'k', Buffer.from('never'));
      const kept = bus.begin();
      kept.append('telemetry', 0, meta(2), value('kept'));
      const done = kept.commit();
      abandoned.abandon();
      await done;
      assert.deepEqual(texts(await readAll(bus, 'telemetry', 0)), ['kept']);
      assert.equal(bus.fact('t', 'k'), undefined);
    });

    test('an empty commit resolves and changes nothing', async () => {
      const bus = await fresh();
      await bus.begin().commit();
      assert.equal(await bus.end('telemetry', 0), 0);
    });

    test('a record that cannot be written leaves its commit as it was', async () => {
      const bus = await fresh();
      const commit = bus.begin();
      commit.append('telemetry', 0, meta(1), value('good'));
      const broken: RecordValue = {
        bytesMax: 10,
        write: () => {
          throw new Error('cannot encode');
        },
      };
      assert.throws(() => commit.append('telemetry', 0, meta(2), broken), /cannot encode/);
      assert.throws(() => commit.append('telemetry', 99, meta(2), value('no such partition')));
      commit.append('telemetry', 0, meta(3), value('good too'));
      await commit.commit();
      assert.deepEqual(texts(await readAll(bus, 'telemetry', 0)), ['good', 'good too']);
    });

    test('reading starts at any offset and gives at least one record, however small the run', async () => {
      const bus = await fresh();
      const all = Array.from({ length: 300 }, (_, i) => `${i} ${'y'.repeat(i)}`);
      for (let i = 0; i < 300; i += 50) await put(bus, 'telemetry', 0, ...all.slice(i, i + 50));
      for (const from of [0, 1, 49, 50, 51, 137, 299]) {
        assert.deepEqual(texts(await readAll(bus, 'telemetry', 0, from, 5000)), all.slice(from), `from ${from}`);
        assert.equal((await bus.read('telemetry', 0, from, 1)).records.length, 1);
      }
      assert.deepEqual(await bus.read('telemetry', 0, 300, 1000), { records: [], next: 300, dropped: 0 });
      const run = await bus.read('telemetry', 0, 100, 2000);
      assert.ok(run.records.length < 50, 'a run ends at about the bytes asked for');
    });

    test('the records of a run stay as they are while the bus takes more', async () => {
      const bus = await fresh();
      await put(bus, 'telemetry', 0, 'one', 'two');
      const run = await bus.read('telemetry', 0, 0, 1000);
      for (let i = 0; i < 20; i++) await put(bus, 'telemetry', 0, 'z'.repeat(5000));
      bus.fact('t', 'k');
      assert.deepEqual(texts(run.records), ['one', 'two']);
    });

    test('a record of 40 MB comes back as it was', async () => {
      const bus = await fresh();
      const large = Buffer.alloc(40_000_000);
      for (let i = 0; i < large.length; i += 4) large.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
      const commit = bus.begin();
      commit.append('telemetry', 0, meta(1), value('before'));
      commit.append('telemetry', 0, meta(2), value(large));
      commit.append('telemetry', 0, meta(3), value('behind'));
      await commit.commit();
      const records = await readAll(bus, 'telemetry', 0);
      assert.deepEqual([records[0]!.value.toString(), records[2]!.value.toString()], ['before', 'behind']);
      assert.ok(records[1]!.value.equals(large));
    });

    test('everything is there again when the bus is opened anew', async () => {
      const at = place();
      const first = await open(at, 2);
      await put(first, 'telemetry', 1, 'a', 'b');
      const commit = first.begin();
      commit.setFact('t', 'k', Buffer.from('v'));
      const schema = new Schema([field('x', 'f64')]);
      commit.addSchema(schema);
      await commit.commit();
      await first.close();
      const second = await fresh(2, at);
      assert.equal(await second.end('telemetry', 1), 2);
      await put(second, 'telemetry', 1, 'c');
      assert.deepEqual(texts(await readAll(second, 'telemetry', 1)), ['a', 'b', 'c']);
      assert.equal(second.fact('t', 'k')?.toString(), 'v');
      assert.deepEqual(second.schema(schema.fingerprint)?.fields, schema.fields);
    });

    test('any order of appends, commits, abandons, reads and reopenings gives what a plain array gives', async () => {
      const step = fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({
            kind: fc.constant('append' as const),
            topic: fc.nat(1),
            partition: fc.nat(2),
            bytes: fc.oneof(fc.nat(300), fc.nat(30_000), fc.nat(1_500_000)),
          }),
        },
        { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
        { weight: 1, arbitrary: fc.constant({ kind: 'abandon' as const }) },
        {
          weight: 3,
          arbitrary: fc.record({
            kind: fc.constant('read' as const),
            topic: fc.nat(1),
            partition: fc.nat(2),
            from: fc.nat(40),
            bytesMax: fc.oneof(fc.nat(100), fc.nat(100_000)),
          }),
        },
        { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const at = place();
          let bus = await open(at, 3);
          const model = new Map<string, string[]>();
          let pending: [string, string][] = [];
          let commit: Commit | null = null;
          let number = 0;
          const rows = (key: string): string[] => model.get(key) ?? [];
          try {
            for (const s of steps) {
              if (s.kind === 'append') {
                commit ??= bus.begin();
                const content = Buffer.alloc(s.bytes, ++number).toString('latin1');
                commit.append(`topic${s.topic}`, s.partition, meta(number), value(Buffer.from(content, 'latin1')));
                pending.push([`topic${s.topic}/${s.partition}`, content]);
              } else if (s.kind === 'commit' && commit) {
                await commit.commit();
                for (const [key, content] of pending) model.set(key, [...rows(key), content]);
                commit = null;
                pending = [];
              } else if (s.kind === 'abandon' && commit) {
                commit.abandon();
                commit = null;
                pending = [];
              } else if (s.kind === 'reopen') {
                commit?.abandon();
                commit = null;
                pending = [];
                await bus.close();
                bus = await open(at, 3);
              } else if (s.kind === 'read') {
                const expected = rows(`topic${s.topic}/${s.partition}`);
                assert.equal(await bus.end(`topic${s.topic}`, s.partition), expected.length);
                // Beyond its end a bus that others can delete takes the topic for another.
                const from = Math.min(s.from, expected.length);
                const run = await bus.read(`topic${s.topic}`, s.partition, from, s.bytesMax);
                const found = run.records.map((r) => r.value.toString('latin1'));
                assert.deepEqual(found, expected.slice(from, from + found.length));
                assert.equal(found.length > 0, from < expected.length);
                assert.equal(run.next, from + found.length);
              }
            }
            commit?.abandon();
            for (const [key, expected] of model) {
              const [topic, partition] = key.split('/') as [string, string];
              const found = (await readAll(bus, topic, Number(partition))).map((r) => r.value.toString('latin1'));
              assert.deepEqual(found, expected);
            }
          } finally {
            await bus.close();
            rmSync(at, { recursive: true, force: true });
          }
        }),
        { numRuns: options.runs ?? 100 },
      );
    });
  });
}
