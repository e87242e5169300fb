import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { parseKey } from '../../../sinks/s3/object-name.js';
import { S3_DEFAULTS, type S3SinkOptions } from '../../../sinks/s3/s3-sink-options.js';
import { parseExactly } from '../../contract/json-cells.js';
import type { Rows } from '../../contract/sink-workload.js';
import { storedRows } from '../../contract/stored-row.js';
import { s3Request } from '../../servers/s3-request.js';
import type { S3Address } from '../../servers/s3-server.js';

/** A bucket of tests, read back with the SDK and DuckDB. */
export class TestBucket {
  private readonly client: S3Client;

  constructor(
    readonly address: S3Address,
    readonly name: string,
  ) {
    const { endpoint, region, accessKeyId, secretAccessKey } = address;
    this.client = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
    });
  }

  async make(): Promise<this> {
    const { status } = await s3Request(this.address, { method: 'PUT', path: `/${this.name}`, body: '' });
    if (status !== 200 && status !== 409) throw new Error(`making the bucket was answered with ${status}`);
    return this;
  }

  options(prefix: string, more: Partial<S3SinkOptions> = {}): S3SinkOptions {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.address;
    return {
      ...S3_DEFAULTS,
      endpoint,
      region,
      bucket: this.name,
      credentials: { accessKeyId, secretAccessKey },
      pathStyle: true,
      prefix: `${prefix}/`,
      ...more,
    };
  }

  /** Keys of objects of rows. */
  async keys(prefix: string): Promise<string[]> {
    return (await this.allKeys(prefix)).filter((key) => parseKey(key) !== null);
  }

  async allKeys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({ Bucket: this.name, Prefix: `${prefix}/`, ContinuationToken: token }),
      );
      for (const { Key } of page.Contents ?? []) keys.push(Key!);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys;
  }

  async get(key: string): Promise<{ bytes: Uint8Array; metadata: Record<string, string> }> {
    const { Body, Metadata } = await this.client.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
    return { bytes: await Body!.transformToByteArray(), metadata: Metadata ?? {} };
  }

  /** Downloads the objects into a folder of their own, under their names, for the time of `use`. */
  async downloaded<T>(prefix: string, use: (folder: string, keys: string[]) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'pitwall-s3-'));
    const keys = await this.keys(prefix);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < keys.length) {
        const key = keys[next++]!;
        const { bytes } = await this.get(key);
        mkdirSync(dirname(join(folder, key)), { recursive: true });
        writeFileSync(join(folder, key), bytes);
      }
    };
    try {
      await Promise.all(Array.from({ length: 16 }, worker));
      return await use(folder, keys);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Rows of Parquet objects, a list a stream. */
  async parquetRows(prefix: string): Promise<Rows> {
    return this.downloaded(prefix, async (folder, keys) => {
      if (keys.length === 0) return new Map();
      const files = `'${folder}/**/*.parquet', union_by_name = true, hive_partitioning = false`;
      return storedRows(await query(`FROM read_parquet(${files})`));
    });
  }

  /** Rows of jsonl objects, compressed or not. */
  async jsonRows(prefix: string): Promise<Rows> {
    return this.downloaded(prefix, async (folder, keys) => {
      const texts = keys.map((key) => {
        const bytes = readFileSync(join(folder, key));
        return (key.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
      });
      const lines = texts.flatMap((text) => text.trimEnd().split('\n'));
      return storedRows(lines.map((line) => parseExactly(line) as Record<string, unknown>));
    });
  }

  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  async put(key: string, bytes: Uint8Array, metadata: Record<string, string> = {}): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: bytes, Metadata: metadata }));
  }
}

export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
