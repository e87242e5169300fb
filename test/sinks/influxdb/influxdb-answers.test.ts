import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { StoreFault } from '../../../sinks/delivery/store-fault.js';
import type { InfluxdbTarget } from '../../../sinks/influxdb/influxdb-sink-options.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { FaultyHttpProxy, type HttpFault } from '../../support/faulty-http-proxy.js';
import { recordOf } from '../record-of.js';
import { databases1 } from './databases.js';
import { deliver, sinkFor } from './deliver.js';
import { readPoints } from './read-points.js';

/** Faults that a real server cannot be told to make: a proxy in front of it makes them. */

const needs = await influxdb1.needsShared();

async function behindProxy(t: TestContext) {
  const databases = databases1(await influxdb1.shared());
  const name = uniqueName('faults');
  await databases.make(name);
  const proxy = await FaultyHttpProxy.start((await influxdb1.shared()).url);
  t.after(() => proxy.close());
  const target: InfluxdbTarget = { version: 1, url: proxy.url, database: name, username: null, password: null };
  const values = async () => {
    const rows = (await readPoints(databases.place(name))).get('imu') ?? [];
    return rows.map(({ v }) => v);
  };
  return { proxy, target, values };
}

const count = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const numbers = (from: number, to: number, offset: number) =>
  recordOf({ offset, tags: { car: '44' }, times: count(from, to), columns: [[field('v', 'i32'), count(from, to)]] });

for (const { title, fault, kind, retryAfterMs, says } of [
  {
    title: '429 with Retry-After',
    fault: { status: 429, headers: { 'retry-after': '7' }, body: '{"error":"slow down"}' },
    kind: 'away',
    retryAfterMs: 7_000,
    says: /^sink "live" \(influxdb http:\S+ database "\S+"\): answers 429: slow down$/,
  },
  {
    title: '503',
    fault: { status: 503, body: 'no healthy upstream' },
    kind: 'away',
    retryAfterMs: null,
    says: /answers 503: no healthy upstream/,
  },
  {
    title: '500',
    fault: { status: 500, body: '{"error":"timeout"}' },
    kind: 'away',
    retryAfterMs: null,
    says: /answers 500: timeout/,
  },
  {
    title: 'a page of something else',
    fault: { status: 200, body: '<html>' },
    kind: 'setup',
    retryAfterMs: null,
    says: /an answer that InfluxDB 1 does not; look at url and version \(200: <html>\)/,
  },
  {
    title: 'another place',
    fault: { status: 301, headers: { location: '/' } },
    kind: 'setup',
    retryAfterMs: null,
    says: /look at url and version \(301: status 301\)/,
  },
  {
    title: 'an unknown path',
    fault: { status: 404, body: '404 page not found' },
    kind: 'setup',
    retryAfterMs: null,
    says: /does not know the path of writes; look at url and version \(1 here\)/,
  },
  { title: 'a lost answer', fault: 'lost-answer', kind: 'away', retryAfterMs: null, says: /no answer: / },
  { title: 'half an answer', fault: 'half-answer', kind: 'away', retryAfterMs: null, says: /no answer: / },
  {
    title: 'no answer in time',
    fault: 'no-answer',
    kind: 'away',
    retryAfterMs: null,
    says: /did not answer within 0.3 s/,
  },
] satisfies { title: string; fault: HttpFault; kind: string; retryAfterMs: number | null; says: RegExp }[]) {
  test(`After ${title} the sink says so, and once it is opened again every row is stored once.`, needs, async (t) => {
    const { proxy, target, values } = await behindProxy(t);
    const timeoutMs = fault === 'no-answer' ? 300 : 30_000;
    const { sink } = sinkFor(t, { target, timeoutMs, batch: { rows: 10, bytes: 1e6, everyMs: 1000 } });
    await sink.open();
    const records = [numbers(0, 10, 0), numbers(10, 20, 1), numbers(20, 30, 2)];
    await sink.write(records.slice(0, 1));
    await sink.flush(true);
    // A connection that was used before, and is closed, is made anew once.
    proxy.faults.push(fault, ...(fault === 'lost-answer' ? [fault] : []));
    await assert.rejects(
      (async () => {
        await sink.write(records.slice(1));
        await sink.flush(true);
      })(),
      (error: unknown) => {
        assert.ok(error instanceof StoreFault);
        assert.deepEqual([error.kind, error.retryAfterMs, error.retryable], [kind, retryAfterMs, true]);
        assert.match(error.message, says);
        return true;
      },
    );
    const positions = await sink.open();
    assert.deepEqual(
      positions.map(({ offset }) => offset),
      [1],
    );
    await sink.write(records.filter(({ offset }) => offset >= 1));
    await sink.flush(true);
    assert.deepEqual(await values(), count(0, 30));
  });
}

test(
  'Requests that are too large are halved until they are taken, and a row that never is counts as refused.',
  needs,
  async (t) => {
    const { proxy, target, values } = await behindProxy(t);
    proxy.judge = ({ bytes }) => (bytes > 700 ? { status: 413, body: '{"error":"Request Entity Too Large"}' } : null);
    const wide = recordOf({
      offset: 1,
      tags: { car: '44' },
      times: [200],
      columns: [[field('note', 'utf8'), ['x'.repeat(1000)]]],
    });
    const records = [numbers(0, 100, 0), wide, numbers(300, 310, 2)];
    const { letters } = await deliver(t, { target, onError: 'dead-letter', options: { gzip: false } }, records);
    assert.deepEqual(await values(), [...count(0, 100), ...count(300, 310)]);
    assert.deepEqual(
      letters.map(({ record }) => record.offset),
      [1],
    );
    assert.match(letters[0]!.reason, /refuses a request of \d{4} bytes as too large \(413: Request Entity Too Large\)/);
  },
);

test('Requests are packed, unless that is turned off.', needs, async (t) => {
  const { proxy, target, values } = await behindProxy(t);
  await deliver(t, { target }, [numbers(0, 500, 0)]);
  await deliver(t, { target, options: { gzip: false } }, [numbers(500, 1000, 0)]);
  const [packed, plain] = proxy.seen;
  assert.equal(packed!.headers['content-encoding'], 'gzip');
  assert.equal(plain!.headers['content-encoding'], undefined);
  assert.ok(packed!.bytes * 3 < plain!.bytes, `${packed!.bytes} of ${plain!.bytes} bytes`);
  assert.deepEqual(await values(), count(0, 1000));
});

test('What the store says holds no password, even where it repeats it.', needs, async (t) => {
  const { proxy, target } = await behindProxy(t);
  const login = { ...target, username: 'pit', password: 'hunter2' };
  const { sink } = sinkFor(t, { target: login as InfluxdbTarget });
  await sink.open();
  proxy.faults.push({ status: 401, body: '{"error":"pit:hunter2 is nobody"}' });
  await sink.write([numbers(0, 1, 0)]);
  await assert.rejects(sink.flush(true), (error: Error) => {
    assert.match(error.message, /the credentials are refused \(401: pit:\*\*\* is nobody\)$/);
    return true;
  });
});
