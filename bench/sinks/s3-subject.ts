import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { S3Sink } from '../../sinks/s3/s3-sink.js';
import { S3_DEFAULTS } from '../../sinks/s3/s3-sink-options.js';
import { countParquet } from './count-parquet.js';
import { sideBySide } from './recorded-requests.js';
import { RowTally } from './row-tally.js';
import { PARTITIONS } from './sink-records.js';
import type { Subject } from './subject.js';

const { inFlight, region } = S3_DEFAULTS;
const ROWS = /\.parquet$/;

/** S3 at `http://KEY:SECRET@HOST:PORT`; a place is a bucket. The bare client puts the objects of the sink once more. */
export const s3Subject: Subject = {
  writesAgain: true,
  async make(address, place) {
    await clientOf(address).send(new CreateBucketCommand({ Bucket: place }));
  },
  sink: async ({ address, place, stateDir }) => {
    const { endpoint, credentials } = accessOf(address);
    const options = { ...S3_DEFAULTS, endpoint, credentials, bucket: place, pathStyle: true };
    return new S3Sink('bench', options, { stateFolder: join(stateDir, 'state'), partitions: PARTITIONS });
  },
  async bare({ address, place, written }) {
    const client = clientOf(address);
    const objects: { Key: string; Body: Uint8Array }[] = [];
    for (const Key of await keysOf(client, written)) {
      if (ROWS.test(Key)) objects.push({ Key, Body: await bytesOf(client, written, Key) });
    }
    return {
      warm: () => keysOf(client, place),
      async write() {
        await sideBySide(objects, inFlight, async (object) => {
          await client.send(new PutObjectCommand({ Bucket: place, ...object }));
        });
        return objects.reduce((sum, { Body }) => sum + Body.length, 0);
      },
      close: async () => client.destroy(),
    };
  },
  async count(address, place, rows) {
    const tally = new RowTally(rows);
    const client = clientOf(address);
    for (const key of await keysOf(client, place)) {
      if (ROWS.test(key)) await countParquet(ownBuffer(await bytesOf(client, place, key)), tally);
    }
    return tally;
  },
  async remove(address, place) {
    const client = clientOf(address);
    const keys = await keysOf(client, place);
    await sideBySide(keys, inFlight, async (Key) => {
      await client.send(new DeleteObjectCommand({ Bucket: place, Key }));
    });
    await client.send(new DeleteBucketCommand({ Bucket: place }));
  },
};

function accessOf(address: string) {
  const { origin, username, password } = new URL(address);
  const credentials = {
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  };
  return { endpoint: origin, credentials };
}

function clientOf(address: string): S3Client {
  return new S3Client({ ...accessOf(address), region, forcePathStyle: true });
}

async function keysOf(client: S3Client, bucket: string): Promise<string[]> {
  const keys: string[] = [];
  for (let token: string | undefined; ; ) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    token = page.NextContinuationToken;
    if (token === undefined) return keys;
  }
}

async function bytesOf(client: S3Client, bucket: string, key: string): Promise<Uint8Array> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Body!.transformToByteArray();
}

/** What is read as a file must not share its memory with others. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
