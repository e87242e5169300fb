import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreFault } from '../../../sinks/delivery/store-fault.js';
import { workload } from '../../contract/sink-workload.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/free-port.js';
import { type Behaviour, Receiver } from '../http/receiver.js';
import { after, Branch, isFault, jsonRowsOf } from './delivering.js';

const receiver = await new Receiver().start();
/** For each place what happens to its posts, one after the other; then they are taken. */
const planned = new Map<string, Behaviour[]>();
const ofHead = new Map<string, Behaviour>();
receiver.behave = ({ method, path }) => {
  if (method === 'HEAD') return ofHead.get(path) ?? null;
  return planned.get(path)?.shift() ?? null;
};

const batches = workload(12, 60);
const small = { batch: { rows: 50, bytes: 1 << 20, everyMs: 1000 } };

const FAULTS: [title: string, behaviour: Behaviour, kind: string, message: RegExp, retryAfterMs: number | null][] = [
  ['503', { status: 503, body: 'no room' }, 'away', /answered 503 Service Unavailable: no room$/, null],
  ['500', { status: 500 }, 'away', /answered 500 Internal Server Error$/, null],
  [
    '429 with seconds',
    { status: 429, headers: { 'retry-after': '7' } },
    'away',
    /answered 429 Too Many Requests$/,
    7000,
  ],
  ['a half-written answer', { cut: 'after' }, 'away', /broke off its answer \(.+\)$/, null],
  ['a cut connection', { cut: 'before' }, 'away', /broke off its answer \(.+\)$/, null],
  ['no answer', { hang: true }, 'away', /did not answer within 1 s$/, null],
  ['401', { status: 401, body: 'who?' }, 'setup', /answered 401 Unauthorized: who\?; check the headers$/, null],
  ['404', { status: 404 }, 'setup', /answered 404 Not Found; check the path of url$/, null],
  [
    'a redirection',
    { status: 308, headers: { location: 'http://127.0.0.1:1/elsewhere?key=hidden' } },
    'setup',
    /answered 308 Permanent Redirect to http:\/\/127\.0\.0\.1:1\/elsewhere; it is not followed, put the real address into url$/,
    null,
  ],
];

for (const [title, behaviour, kind, message, retryAfterMs] of FAULTS) {
  test(`${title}: the branch fails as ${kind}, and fed again it has every row once.`, async () => {
    const branch = new Branch(receiver, { ...small, timeoutMs: 1000, inFlight: 2 });
    planned.set(branch.path, [{ delayMs: 0 }, { delayMs: 0 }, behaviour]);
    const failed = await branch.deliver(batches).then(
      () => assert.fail('it did not fail'),
      (error: unknown) => error as StoreFault,
    );
    assert.ok(isFault(kind, message)(failed));
    assert.equal(failed.retryable, true);
    assert.equal(failed.retryAfterMs, retryAfterMs);
    await branch.deliver(batches);
    assert.deepEqual(branch.rows, jsonRowsOf(batches));
  });
}

test('A date in Retry-After is a wait from now.', async () => {
  const branch = new Branch(receiver);
  const date = new Date(Date.now() + 120_000).toUTCString();
  planned.set(branch.path, [{ status: 503, headers: { 'retry-after': date } }]);
  await branch.deliver(batches).then(
    () => assert.fail('it did not fail'),
    (error: StoreFault) => assert.ok(error.retryAfterMs! > 60_000 && error.retryAfterMs! <= 120_000),
  );
});

test('A server that is not there is away, and gets no rows before it answers a small question.', async () => {
  const port = await freePort();
  const branch = new Branch(receiver, {}, { url: `http://127.0.0.1:${port}/` });
  await assert.rejects(branch.make().open(), isFault('away', /cannot be reached \(.*ECONNREFUSED.*\)$/));
  const refusing = new Branch(receiver);
  ofHead.set(refusing.path, { status: 503, headers: { 'retry-after': '3' } });
  await assert.rejects(refusing.deliver(batches), isFault('away', /answered 503/));
  assert.deepEqual(receiver.posts(refusing.path), []);
});

test('A value of a header is in no message, though the server says it back.', async () => {
  const branch = new Branch(receiver, {}, { headers: { Authorization: 'Bearer hunter2-long' } });
  planned.set(branch.path, [
    { status: 400, body: 'bad token hunter2-long in "Bearer hunter2-long"' },
    { status: 403, body: 'no hunter2-long' },
  ]);
  const fault = await branch.deliver(batches).catch((error: Error) => error);
  assert.match((fault as Error).message, /answered 403 Forbidden: no \*\*\*; check the headers/);
  assert.equal(receiver.posts(branch.path)[0]!.headers.authorization, 'Bearer hunter2-long');
});

test('Requests that end in another order than they began leave the position at the first that is missing.', async () => {
  const branch = new Branch(receiver, { ...small, inFlight: 4 });
  planned.set(branch.path, [{ hang: true }]);
  const sink = branch.make();
  await sink.open();
  const some = batches.slice(0, 30);
  await sink.write(some);
  await eventually('three of four', () => receiver.kept(branch.path).size >= 100);
  const positions = await sink.flush(false);
  const [first] = receiver.posts(branch.path);
  const missing = new Set(first!.rows.map(({ position }) => position as string));
  for (const { topic, partition, offset } of positions) {
    const isPassed = [...missing].some((position) => {
      const [place, at] = position.split(':');
      return place === `${topic}/${partition}` && Number(at!.split('.')[0]) < offset;
    });
    assert.equal(isPassed, false, `${partition}: ${offset}`);
  }
  await sink.close();
  const next = branch.make();
  await next.write(after(await next.open(), batches));
  await next.flush(true);
  await next.close();
  assert.deepEqual(branch.rows, jsonRowsOf(batches));
});

test('No more requests than inFlight are under way, however slow the store is.', async () => {
  const own = await new Receiver().start();
  own.behave = ({ method }) => (method === 'POST' ? { delayMs: 20 } : null);
  const branch = new Branch(own, { batch: { rows: 20, bytes: 1 << 20, everyMs: 1000 }, inFlight: 3 });
  await branch.deliver(batches);
  assert.ok(own.posts(branch.path).length > 10);
  assert.equal(own.underWayMax, 3);
  assert.deepEqual(branch.rows, jsonRowsOf(batches));
  await own.stop();
});

test('A store that is too slow for all that is sent at once, each time, gets all in the end, and what it has taken is not sent again.', async () => {
  const own = await new Receiver().start();
  // As if each row took it so long that more of them are not answered in time.
  own.behave = ({ method, rows }) =>
    method === 'POST' && (own.underWay > 1 || rows.length > 60) ? { hang: true } : null;
  const branch = new Branch(own, { batch: { rows: 400, bytes: 1 << 20, everyMs: 1000 }, timeoutMs: 200, inFlight: 4 });
  const faults = await branch.deliverAtLast(batches, 100);
  assert.deepEqual(branch.rows, jsonRowsOf(batches));
  assert.ok(faults.length > 1, `${faults.length} faults`);
  const taken = own.kept(branch.path).size;
  assert.ok(own.repeated < taken / 2, `${own.repeated} of ${taken} rows came again`);
  await own.stop();
});

test('A request that was not answered, and is the same again, has the same Idempotency-Key; others have others.', async () => {
  const branch = new Branch(receiver, { ...small, inFlight: 1 });
  planned.set(branch.path, [{ cut: 'after' }]);
  await branch.deliverAtLast(batches);
  const [first, again, ...others] = receiver.posts(branch.path);
  assert.equal(first!.body, again!.body);
  const keys = [first, again, ...others].map((request) => request!.headers['idempotency-key']);
  assert.equal(keys[0], keys[1]);
  assert.equal(new Set(keys).size, keys.length - 1);
  // The header names the first and the last row of each partition.
  for (const { headers, rows } of receiver.posts(branch.path)) {
    for (const range of String(headers['pitwall-positions']).split(',')) {
      const [, place, from, to] = /^(.+):(\d+\.\d+)-(\d+\.\d+)$/.exec(range)!;
      const own = rows.map(({ position }) => position as string).filter((position) => position.startsWith(`${place}:`));
      assert.equal(own[0], `${place}:${from}`);
      assert.equal(own.at(-1), `${place}:${to}`);
    }
  }
});
