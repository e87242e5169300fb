import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PitwallError } from '../../core/errors.js';
import { assertStored, type SinkUnderTest, temporary } from '../contract/sink.js';
import { feedThrough } from '../contract/sink-faults.js';
import { workload } from '../contract/sink-workload.js';
import { type Influxdb1Address, influxdb1 } from '../servers/influxdb1-server.js';
import type { RealServers } from '../servers/real-servers.js';
import { type S3Address, s3 } from '../servers/s3-server.js';
import { needsSmallDisk } from '../servers/small-disk.js';
import { databases1 } from './influxdb/databases.js';
import { underTest } from './influxdb/under-test.js';
import { TestBucket } from './s3/bucket.js';

/** The disk of the store's server is full, as the system says it to that server; then there is room again. */

interface SmallStore<Address extends object> {
  title: string;
  servers: RealServers<Address>;
  /** The server starts with it, and the workload does not fit. */
  diskMiB: number;
  /** Once a write has failed the server takes none before it is started again, though there is room. */
  staysBroken: boolean;
  underTest(address: Address): Promise<SinkUnderTest>;
}

const TIMEOUT_MS = 5_000;
const batches = workload(61, 4_000);

function diskFull<Address extends object>(
  needs: { skip: string | false },
  { title, servers, diskMiB, staysBroken, underTest: make }: SmallStore<Address>,
): void {
  test(
    `${title}: a full disk of the store fails the branch so that it tries again, and once there is room every row is stored once.`,
    needs,
    async (t) => {
      const server = await servers.start({ diskMiB });
      t.after(() => server.kill());
      const under = await make(server);
      const folder = temporary(t);
      const sink = await under.make(folder);
      t.after(() => sink.close());
      let faults = 0;
      for (; faults < 3; faults++) {
        const error: unknown = await feedThrough(sink, batches, 1).then(
          () => assert.fail('all of it had room'),
          (fault) => fault,
        );
        assert.ok(error instanceof PitwallError && error.code === 'sink-failed' && error.retryable, String(error));
        t.diagnostic(error.message);
      }
      await server.disk!.resize(512);
      if (staysBroken) {
        await server.kill();
        await server.start();
      }
      await feedThrough(sink, batches);
      await assertStored(under, folder, batches);
    },
  );
}

const small = needsSmallDisk();
const needs = async (servers: { needsOwn(): Promise<{ skip: string | false }> }) =>
  small.skip ? small : await servers.needsOwn();

diskFull<Influxdb1Address>(await needs(influxdb1), {
  title: 'influxdb 1 sink',
  servers: influxdb1,
  diskMiB: 1,
  staysBroken: true,
  underTest: async (address) => underTest(databases1(address), { timeoutMs: TIMEOUT_MS }),
});

diskFull<S3Address>(await needs(s3), {
  title: 's3 sink, parquet',
  servers: s3,
  diskMiB: 1,
  staysBroken: false,
  underTest: async (address) => {
    const { parquetIn } = await import('./s3/under-test.js');
    return parquetIn(await new TestBucket(address, 'full').make(), TIMEOUT_MS);
  },
});
