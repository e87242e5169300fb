import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { mongodb } from '../../servers/mongodb-server.js';
import { s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { influxql } from '../../sinks/influxdb/databases.js';
import { TestBucket } from '../../sinks/s3/bucket.js';
import { eventually } from '../../support/eventually.js';
import { GatewayProcess, pitwall } from '../../support/gateway-process.js';
import { tempDir } from '../../support/temp-dir.js';
import { inInfluxdb } from './in-influxdb.js';
import { inMongodb } from './in-mongodb.js';
import { inS3 } from './in-s3.js';
import type { Store } from './store.js';

/** Options for a test of all three: skipped, loudly, where one of them cannot be had. */
export async function needsThreeStores(): Promise<{ skip: string | false }> {
  const needs = [await influxdb1.needsShared(), await s3.needsShared(), await mongodb.needsShared()];
  return { skip: needs.map(({ skip }) => skip).find((reason) => reason !== false) ?? false };
}

export interface ThreeStoresOptions {
  /** Streams that go to MongoDB as buckets of ten seconds; all others are a document a row. */
  asBuckets?: readonly string[];
  /** Streams below `KIND/{car}/`, a list of `KIND`. */
  kinds: readonly string[];
}

/** What `/health` says of a branch. */
interface Lane {
  id: string;
  state: string;
  error: string | null;
  lag: { records: number };
}

/** A gateway whose one configuration has a branch to each of three real servers. */
export class ThreeStores {
  private constructor(
    private readonly gateway: GatewayProcess,
    readonly stores: readonly Store[],
  ) {}

  get http(): string {
    return this.gateway.http;
  }

  static async start(t: TestContext, { kinds, asBuckets = [] }: ThreeStoresOptions): Promise<ThreeStores> {
    const [influx, mongo, address] = [await influxdb1.shared(), await mongodb.shared(), await s3.shared()];
    const name = uniqueName('cells');
    await influxql(influx.url, `CREATE DATABASE "${name}"`);
    const bucket = await new TestBucket(address, 'three-stores').make();
    const from = (some: readonly string[]) => JSON.stringify(some.map((kind) => `${kind}/{car}/+`));
    const rows = kinds.filter((kind) => !asBuckets.includes(kind));
    // Its tested server takes a millisecond for a row on a busy machine, and is not wrong for that.
    const intoMongodb = `type: mongodb, url: "${mongo.url}", database: ${name}, timeout: 5m`;
    const buckets = `
  packed:
    { ${intoMongodb}, from: ${from(asBuckets)}, collection: buckets, mode: bucket, bucket: 10s, batch: { rows: 100000, bytes: 32MiB, every: 5s } }`;
    const yaml = `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks:
  points: { type: influxdb, from: ${from(kinds)}, url: ${influx.url}, database: ${name}, integers: integer, batch: { every: 200ms } }
  archive:
    type: s3
    from: ${from(kinds)}
    endpoint: ${address.endpoint}
    region: ${address.region}
    accessKeyId: ${address.accessKeyId}
    secretAccessKey: ${address.secretAccessKey}
    bucket: three-stores
    prefix: ${name}/
  documents: { ${intoMongodb}, from: ${from(rows)}, collection: rows, batch: { rows: 2000, every: 200ms } }${asBuckets.length > 0 ? buckets : ''}
`;
    const gateway = new GatewayProcess(tempDir('three-stores'), yaml);
    t.after(() => gateway.kill());
    await gateway.start();
    return new ThreeStores(gateway, [
      inInfluxdb(influx.url, name),
      inS3(bucket, name),
      inMongodb({ url: mongo.url, database: name, rows: 'rows', buckets: asBuckets.length > 0 ? 'buckets' : null }),
    ]);
  }

  /** Resolves when everything that was sent is in all stores, and the gateway has ended. */
  async settle(timeoutMs: number): Promise<void> {
    let behind: Lane[] = [];
    // S3 has its last objects when the gateway ends.
    const others = async () => (await this.lanes()).filter(({ id }) => id !== 'branch archive');
    await eventually(
      'all branches are done',
      async () => {
        behind = (await others()).filter(({ lag }) => lag.records > 0);
        return behind.length === 0 || behind.some(({ state }) => state === 'stopped');
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(behind)}`);
    });
    if (behind.length > 0) throw new Error(`a branch has stopped: ${JSON.stringify(behind)}`);
    const code = await this.gateway.stop();
    if (code !== 0) throw new Error(`the gateway ended with ${code}: ${this.gateway.stderr}`);
  }

  /** What the gateway or a branch has refused, as `pitwall dead-letters list --json` gives it. */
  async deadLetters(): Promise<{ stream: string }[]> {
    const file = join(this.gateway.dir, 'pitwall.yaml');
    const { stdout } = await pitwall(['dead-letters', 'list', '--json', '-c', file]);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { stream: string }]));
  }

  private async lanes(): Promise<Lane[]> {
    const page = await fetch(`http://${this.http}/health`);
    const { lanes } = (await page.json()) as { lanes: Lane[] };
    return lanes.map(({ id, state, error, lag }) => ({ id, state, error, lag }));
  }
}
