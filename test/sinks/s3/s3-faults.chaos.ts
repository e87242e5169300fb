import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { StoreFault } from '../../../sinks/delivery/store-fault.js';
import { lookAtS3 } from '../../../sinks/s3/look-at-s3.js';
import type { S3SinkOptions } from '../../../sinks/s3/s3-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { workload } from '../../contract/sink-workload.js';
import { type S3Address, s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { FaultyHttpProxy, type HttpFault, type Passed } from '../../support/faulty-http-proxy.js';
import { tempDir } from '../../support/temp-dir.js';
import { assertSameRows } from './assert-same-rows.js';
import { TestBucket } from './bucket.js';
import { recordOf, START_US, sinkOf } from './feed.js';

const needs = await s3.needsShared();
const small = { sizeBytes: 20_000, rows: 100, everyUs: 5e6 };
const record = recordOf(1, 'car/1/gps', [START_US], { 'x f64': [1] });

async function place(): Promise<{ bucket: TestBucket; prefix: string }> {
  const bucket = await new TestBucket(await s3.shared(), 'sink-faults').make();
  return { bucket, prefix: uniqueName('t') };
}

/** Behind a proxy whose faults are those of objects' requests, as `next` gives them. */
async function behindProxy(t: TestContext, next: (request: Passed) => HttpFault | null) {
  const { bucket, prefix } = await place();
  const proxy = await FaultyHttpProxy.start(bucket.address.endpoint);
  t.after(() => proxy.close());
  proxy.judge = (request) => (/partition(%3D|=)/.test(request.path) ? next(request) : null);
  const endpoint = proxy.url;
  return {
    bucket,
    prefix,
    options: (more: Partial<S3SinkOptions> = {}) => bucket.options(prefix, { endpoint, ...more }),
  };
}

/** Writes a record, which fails; returns the fault. */
async function faultOf(options: S3SinkOptions, records: readonly SinkBatch[] = [record]): Promise<StoreFault> {
  const sink = sinkOf(options);
  try {
    await sink.open();
    await sink.write(records);
    await sink.flush(true);
  } catch (error) {
    return error as StoreFault;
  } finally {
    await sink.close();
  }
  throw new Error('it did not fail');
}

/** Feeds until all is stored, opening again after each fault that allows it; returns how many there were. */
async function feedThrough(options: S3SinkOptions, batches: readonly SinkBatch[], between = async () => {}) {
  const sink = sinkOf(options, tempDir('s3-state'));
  let faults = 0;
  await sink.open();
  for (let at = 0; ; ) {
    try {
      await sink.write(batches.slice(0, at + 20));
      await sink.flush(false);
      at += 20;
      if (at < batches.length) continue;
      await sink.flush(true);
      break;
    } catch (error) {
      assert.equal((error as StoreFault).kind, 'away', String(error));
      assert.ok(++faults < 200);
      await between();
      at = 0;
      for (;;) {
        try {
          await sink.open();
          break;
        } catch (inner) {
          assert.equal((inner as StoreFault).kind, 'away', String(inner));
          await between();
        }
      }
    }
  }
  await sink.close();
  return faults;
}

async function assertStored(bucket: TestBucket, prefix: string, batches: readonly SinkBatch[]): Promise<void> {
  assertSameRows(await bucket.parquetRows(prefix), batches);
}

test('What has to be set right is said, with no secret in it: keys, bucket, region.', needs, async () => {
  const { bucket, prefix } = await place();
  const { credentials } = bucket.options(prefix);
  const cases: [string, Partial<S3SinkOptions>, RegExp][] = [
    [
      'a stranger',
      { credentials: { accessKeyId: 'nobody', secretAccessKey: 'x-secret' } },
      /does not know the access key/,
    ],
    ['a wrong secret', { credentials: { ...credentials!, secretAccessKey: 'x-secret' } }, /secret access key is wrong/],
    ['no bucket', { bucket: 'not-there' }, /the bucket is not there; make it/],
  ];
  for (const [what, more, expected] of cases) {
    const fault = await faultOf(bucket.options(prefix, more));
    assert.equal(fault.kind, 'setup', `${what}: ${fault.message}`);
    assert.equal(fault.retryable, true);
    assert.match(fault.message, expected, what);
    assert.match(fault.message, /^sink "raw": s3:\/\//);
    assert.ok(!fault.message.includes('x-secret'));
    const look = await lookAtS3(bucket.options(prefix, more));
    assert.match(look.faults.join(), expected, what);
  }
});

test('A store that cannot be reached is away, with its address.', needs, async () => {
  const { bucket, prefix } = await place();
  const fault = await faultOf(bucket.options(prefix, { endpoint: 'http://127.0.0.1:1' }));
  assert.equal(fault.kind, 'away');
  assert.match(fault.message, /at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
});

test('A look at the bucket says what is in it, and writes nothing.', needs, async () => {
  const { bucket, prefix } = await place();
  const options = bucket.options(prefix);
  assert.deepEqual((await lookAtS3(options)).faults, []);
  assert.match((await lookAtS3(options)).found, /nothing is there yet/);
  await bucket.put(`${prefix}/readme.txt`, Buffer.from('x'));
  const { found, warnings } = await lookAtS3(options);
  assert.match(found, /objects are there already/);
  assert.match(warnings.join(), /readme\.txt was not written by an s3 sink/);
  assert.deepEqual(await bucket.allKeys(prefix), [`${prefix}/readme.txt`]);
});

test('A store that asks for less is away for as long as it says.', needs, async (t) => {
  const body =
    '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';
  for (const status of [429, 503]) {
    const { options } = await behindProxy(t, () => ({ status, headers: { 'retry-after': '7' }, body }));
    const fault = await faultOf(options());
    assert.equal(fault.kind, 'away', fault.message);
    assert.equal(fault.retryAfterMs, 7000);
    assert.match(fault.message, /Please reduce your request rate/);
  }
});

test('A store that does not answer is away once the timeout is over.', needs, async (t) => {
  const { options } = await behindProxy(t, () => 'no-request');
  const fault = await faultOf(options({ timeoutMs: 300 }));
  assert.equal(fault.kind, 'away', fault.message);
});

test('Answers and requests that are cut cost no row and double none.', needs, async (t) => {
  let requests = 0;
  const faults: Record<number, HttpFault> = { 1: 'lost-answer', 2: 'half-request', 3: { status: 500 } };
  const { bucket, prefix, options } = await behindProxy(t, ({ method }) =>
    method === 'PUT' ? (faults[requests++ % 5] ?? null) : null,
  );
  const batches = workload(41, 200);
  await feedThrough(options({ roll: small }), batches);
  assert.ok(requests > 20);
  await assertStored(bucket, prefix, batches);
});

test('A store that is killed while objects are sent has each row once in the end.', await s3.needsOwn(), async (t) => {
  const server = await s3.start();
  t.after(() => server.kill());
  const bucket = await new TestBucket(server as S3Address, 'laps').make();
  const batches = workload(42, 600);
  let kills = 0;
  let restarting = Promise.resolve();
  const killing = setInterval(() => {
    if (kills >= 3) return;
    kills++;
    restarting = server.kill().then(() => server.start());
  }, 700);
  t.after(() => clearInterval(killing));
  const faults = await feedThrough(bucket.options('t', { roll: { ...small, rows: 30 } }), batches, () => restarting);
  clearInterval(killing);
  await restarting;
  t.diagnostic(`${kills} kills, ${faults} faults`);
  assert.ok(faults > 0);
  await assertStored(bucket, 't', batches);
});
