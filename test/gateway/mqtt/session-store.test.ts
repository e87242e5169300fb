import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QOS2_TABLE, SESSION_TABLE, SessionStore } from '../../../gateway/mqtt/session-store.js';
import type { Source } from '../../../gateway/source.js';
import { MemoryAcceptor } from './memory-acceptor.js';

const source = (client: string): Source => ({ client, lastCut: 0, durable() {}, failed() {} });

function start(acceptor = new MemoryAcceptor()) {
  acceptor.manual = true;
  const clock = { nowMs: 1_000_000 };
  return { acceptor, clock, store: new SessionStore(acceptor, () => clock.nowMs, clock.nowMs) };
}

test('an expired session is not resumed, and its facts are gone before CONNACK', () => {
  const { acceptor, clock, store } = start();
  const first = source('first');
  const { session } = store.open('car', false, 60, first);
  store.hold(session, 7, first, 1);
  store.end(session, first);
  acceptor.commit();
  store.settle(session, 1);
  clock.nowMs += 59_999;
  const second = source('second');
  const resumed = store.open('car', false, 60, second);
  assert.equal(resumed.present, true);
  assert.deepEqual([...resumed.session.heldIds], [7]);
  store.end(resumed.session, second);
  acceptor.commit();
  store.settle(resumed.session, 2);
  clock.nowMs += 60_000;
  const late = store.open('car', false, 60, source('late'));
  assert.equal(late.present, false);
  assert.equal(late.waitForCut, 3);
  assert.deepEqual([...late.session.heldIds], []);
  acceptor.commit();
  assert.deepEqual([...acceptor.facts(QOS2_TABLE)], []);
});

test('sessions that have expired leave no facts, those that live keep theirs', () => {
  const { acceptor, clock, store } = start();
  for (const [id, expiryS] of [
    ['short', 10],
    ['long', 1000],
    ['open', 10],
  ] as const) {
    const owner = source(id);
    const { session } = store.open(id, false, expiryS, owner);
    store.hold(session, 1, owner, 1);
    if (id !== 'open') store.end(session, owner);
    acceptor.commit();
    store.settle(session, session.lastCut);
  }
  clock.nowMs += 20_000;
  store.expire(source('housekeeping'));
  acceptor.commit();
  assert.deepEqual([...acceptor.facts(SESSION_TABLE)].map(([key]) => key).sort(), ['long', 'open']);
  assert.deepEqual([...acceptor.facts(QOS2_TABLE)].map(([key]) => key).sort(), ['long\x001', 'open\x001']);
});

test('a session that was connected at a crash counts as ended when the gateway started again', () => {
  const { acceptor, store } = start();
  store.open('car', false, 60, source('a'));
  acceptor.commit();
  const next = start(acceptor.crash());
  next.clock.nowMs += 59_000;
  assert.equal(next.store.open('car', false, 60, source('b')).present, true);
  const later = start(next.acceptor.crash());
  later.clock.nowMs += 61_000;
  assert.equal(later.store.open('car', false, 60, source('c')).present, false);
});

test('a session that ends while its removal is on its way to the disk is not resumed from the old facts', () => {
  const { acceptor, store } = start();
  const a = source('a');
  const first = store.open('car', false, 60, a);
  store.hold(first.session, 3, a, 1);
  acceptor.commit();
  first.session.expiryS = 0;
  store.end(first.session, a);
  const next = store.open('car', false, 60, source('b'));
  assert.equal(next.present, false);
  assert.notEqual(next.waitForCut, 0);
  assert.deepEqual([...next.session.heldIds], []);
});
