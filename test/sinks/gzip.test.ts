import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipped } from '../../sinks/gzip.js';
import { random } from '../support/random.js';

test('However many bodies are to be packed, other work of the threads that pack does not wait for one of them, and each is packed whole.', async () => {
  const next = random(5);
  const bodies = Array.from({ length: 12 }, (_, i) => Buffer.alloc(8 << 20, String(next() * (i + 1))));
  const ended: string[] = [];
  const packed = bodies.map((body) => gzipped(body).finally(() => ended.push('body')));
  await new Promise((resolve) => setImmediate(resolve));
  await stat('.').then(() => ended.push('other'));
  assert.deepEqual(ended, ['other']);
  for (const [i, body] of (await Promise.all(packed)).entries()) assert.ok(gunzipSync(body).equals(bodies[i]!));
});

test('A body that cannot be packed fails alone.', async () => {
  const wrong = gzipped(Buffer.from('a'), 99);
  const right = gzipped(Buffer.from('b'), 1);
  await assert.rejects(wrong, { code: 'ERR_OUT_OF_RANGE' });
  assert.equal(gunzipSync(await right).toString(), 'b');
});
