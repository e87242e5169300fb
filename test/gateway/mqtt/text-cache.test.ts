import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextCache } from '../../../gateway/mqtt/text-cache.js';

test('every text comes back as itself, however many share the cache, and what is refused is not remembered', () => {
  let decoded = 0;
  const cache = new TextCache((bytes, start, end) => {
    decoded++;
    const text = bytes.toString('utf8', start, end);
    if (text.startsWith('bad')) throw new Error('refused');
    return text;
  });
  const read = (text: string) => {
    const bytes = Buffer.from(`<${text}>`);
    return cache.text(bytes, 1, bytes.length - 1);
  };
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) assert.equal(read(`car/${i}/imu`), `car/${i}/imu`);
  }
  decoded = 0;
  for (let i = 0; i < 100; i++) assert.equal(read('car/44/é'), 'car/44/é');
  assert.equal(decoded, 1);
  const long = 'x'.repeat(60_000);
  assert.equal(read(long), long);
  for (let i = 0; i < 2; i++) assert.throws(() => read('bad'), /refused/);
});
