import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveFeed } from '../../gateway/live-feed.js';

test('subscribers get the streams their filter matches, until they leave', () => {
  const feed = new LiveFeed();
  assert.equal(feed.active, false);
  const seen: string[] = [];
  const leave = feed.subscribe('car/+/imu', (stream, payload) => seen.push(`${stream}=${Buffer.from(payload)}`));
  const leaveAll = feed.subscribe('#', (stream) => seen.push(`# ${stream}`));
  assert.equal(feed.active, true);
  feed.publish('car/44/imu', Buffer.from('1'));
  feed.publish('car/44/gps', Buffer.from('2'));
  leave();
  feed.publish('car/44/imu', Buffer.from('3'));
  leaveAll();
  feed.publish('car/44/imu', Buffer.from('4'));
  assert.deepEqual(seen, ['car/44/imu=1', '# car/44/imu', '# car/44/gps', '# car/44/imu']);
  assert.equal(feed.active, false);
});

test('a subscriber that leaves during a delivery does not disturb the others', () => {
  const feed = new LiveFeed();
  const seen: string[] = [];
  const leave = feed.subscribe('a', () => {
    seen.push('first');
    leave();
  });
  feed.subscribe('a', () => seen.push('second'));
  feed.publish('a', Buffer.alloc(0));
  feed.publish('a', Buffer.alloc(0));
  assert.deepEqual(seen, ['first', 'second', 'second']);
});

test('a filter that is none is refused', () => {
  assert.throws(() => new LiveFeed().subscribe('a/#/b', () => {}), { code: 'bad-usage' });
});
