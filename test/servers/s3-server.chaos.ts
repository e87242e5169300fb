import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killedWhileWriting } from './killed-while-writing.js';
import { s3Request } from './s3-request.js';
import { s3 } from './s3-server.js';

test('An S3 server that is killed comes back with every acknowledged object.', await s3.needsOwn(), async () => {
  const server = await s3.start();
  const put = async (path: string, body: string, headers = {}) =>
    (await s3Request(server, { method: 'PUT', path, body, headers })).status;
  assert.equal(await put('/laps', ''), 200, 'a bucket');

  const count = await killedWhileWriting(server, async (i) => assert.equal(await put(`/laps/${i}`, `lap ${i}`), 200));
  for (let i = 0; i < count; i++) {
    const response = await s3Request(server, { method: 'GET', path: `/laps/${i}` });
    assert.equal(await response.text(), `lap ${i}`);
  }
  assert.equal(await put('/laps/0', 'another', { 'if-none-match': '*' }), 412, 'what is there is not overwritten');

  const stranger = { ...server, secretAccessKey: 'no' };
  assert.equal((await s3Request(stranger, { method: 'GET', path: '/laps/0' })).status, 403, 'signatures are checked');
  await server.stop();
});
