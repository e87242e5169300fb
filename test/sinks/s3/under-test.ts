import { basename, join } from 'node:path';
import { S3Sink } from '../../../sinks/s3/s3-sink.js';
import type { S3SinkOptions } from '../../../sinks/s3/s3-sink-options.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Cell, Rows } from '../../contract/sink-workload.js';
import { s3 } from '../../servers/s3-server.js';
import { TestBucket } from './bucket.js';

/** The S3 sink as the contract suite sees it, each format read back by something that shares no code with it. */

/** Known before the suite, since `make` cannot wait; the processes that it kills have the server from their environment. */
const bucket = await new TestBucket(await s3.shared(), 'sink-contract').make();
const small = { sizeBytes: 20_000, rows: 150, everyUs: 200e6 };

function under(
  more: Partial<S3SinkOptions>,
  readRows: (prefix: string) => Promise<Rows>,
  within = bucket,
): SinkUnderTest {
  return {
    make: (folder) => {
      const options = within.options(basename(folder), { roll: small, memoryBytes: 60e6, inFlight: 8, ...more });
      return new S3Sink('under-test', options, { stateFolder: join(folder, 'state'), partitions: 3 });
    },
    readRows: (folder) => readRows(basename(folder)),
    // Rows are sorted within an object.
    ordered: false,
  };
}

const nonFinite = (cell: Cell): boolean => typeof cell === 'number' && !Number.isFinite(cell);

/** In a bucket of another server. */
export function parquetIn(within: TestBucket, timeoutMs: number): SinkUnderTest {
  return under({ timeoutMs }, (prefix) => within.parquetRows(prefix), within);
}

/** Its store behind a proxy at `host`; objects are read back past it. */
export function parquetBehind(host: string, timeoutMs: number): SinkUnderTest {
  return under({ endpoint: `http://${host}`, timeoutMs }, (prefix) => bucket.parquetRows(prefix));
}

export const parquet = under({}, (prefix) => bucket.parquetRows(prefix));
export const jsonl: SinkUnderTest = {
  ...under({ format: 'jsonl', compression: 'gzip', path: 'car={car}/hour={hour}' }, (prefix) =>
    bucket.jsonRows(prefix),
  ),
  stored: (cell) => (nonFinite(cell) ? undefined : cell),
};
