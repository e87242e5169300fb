import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { StoreFault } from '../delivery/store-fault.js';
import { s3Fault } from './s3-fault.js';
import type { S3Access } from './s3-sink-options.js';

// That later versions of the SDK will want a later Node.js is nothing a user of Pitwall can act on.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

export interface NewObject {
  key: string;
  body: Uint8Array;
  contentType: string;
  /** ASCII. */
  metadata: Record<string, string>;
}

/** What a list says of an object. */
export interface ListedObject {
  key: string;
  bytes: number;
}

/** Larger ones are sent in parts. */
const PUT_BYTES_MAX = 16 * 1024 * 1024;
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;
/** The branch tries again, and longer. */
const ATTEMPTS = 2;
const CONNECT_MS = 5_000;
const SOCKETS = 64;
const PAGE_KEYS = 1000;

/** One bucket. What goes wrong is a StoreFault that says what was being done, where, and the store's own words. */
export class ObjectStore {
  /** For messages; without secrets. */
  readonly what: string;
  private readonly client: S3Client;
  private readonly bucket: string;

  constructor({ endpoint, region, bucket, credentials, pathStyle, timeoutMs }: S3Access) {
    this.what = `s3://${bucket}${endpoint === null ? '' : ` at ${endpoint}`}`;
    this.bucket = bucket;
    this.client = new S3Client({
      region,
      ...(endpoint === null ? {} : { endpoint }),
      ...(credentials === null ? {} : { credentials }),
      forcePathStyle: pathStyle,
      maxAttempts: ATTEMPTS,
      requestHandler: {
        connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        httpAgent: { maxSockets: SOCKETS },
        httpsAgent: { maxSockets: SOCKETS },
      },
    });
  }

  /** Reaches the bucket and proves the credentials; writes nothing. */
  async probe(prefix: string): Promise<void> {
    await this.page(prefix, 1);
  }

  /** Up to 100 keys that begin so. */
  async firstKeys(prefix: string): Promise<string[]> {
    return keysOf(await this.page(prefix, 100));
  }

  /**
   * Makes an object where there is none of that key. Returns the metadata of the one that is there already, or null when
   * it was made.
   */
  async make({ key, body, contentType, metadata }: NewObject, signal: AbortSignal): Promise<Metadata | null> {
    const input = {
      Bucket: this.bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
      Metadata: metadata,
      IfNoneMatch: '*',
    };
    try {
      if (body.length <= PUT_BYTES_MAX) await this.client.send(new PutObjectCommand(input), { abortSignal: signal });
      else await this.sendParts(input, signal);
      return null;
    } catch (error) {
      if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== 412) {
        throw this.fault(`writing ${key}`, error);
      }
    }
    const found = await this.metadataOf(key, signal);
    if (found === null) throw new StoreFault('away', `${this.what}: ${key} was there, and then was not`);
    return found;
  }

  /** Null where there is no such object. */
  async metadataOf(key: string, signal?: AbortSignal): Promise<Metadata | null> {
    return this.ask(`looking at ${key}`, async () => {
      const command = new HeadObjectCommand({ Bucket: this.bucket, Key: key });
      const { Metadata } = await this.client.send(command, { abortSignal: signal });
      return Metadata ?? {};
    }).catch(nullWhereMissing);
  }

  /** Null where there is no such object. */
  async read(key: string): Promise<string | null> {
    return this.ask(`reading ${key}`, async () => {
      const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return (await Body?.transformToString()) ?? '';
    }).catch(nullWhereMissing);
  }

  async write(key: string, text: string): Promise<void> {
    await this.ask(`writing ${key}`, async () => {
      await this.client.send(
        new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: text, ContentType: 'application/json' }),
      );
    });
  }

  /** All that begin so, by their keys; with `after` those behind that key. */
  async *list(prefix: string, after?: string): AsyncIterable<ListedObject> {
    let token: string | undefined;
    do {
      const page = await this.page(prefix, PAGE_KEYS, token, after);
      for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, bytes: Size ?? 0 };
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  /** Bytes `from` to `to` (exclusive) of an object. */
  async readRange(key: string, from: number, to: number): Promise<Uint8Array> {
    return this.ask(`reading ${key}`, async () => {
      const range = `bytes=${from}-${to - 1}`;
      const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key, Range: range }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array(0);
    });
  }

  /** An object as it comes; also what goes wrong on the way is a StoreFault. */
  async readStream(key: string): Promise<Readable> {
    const doing = `reading ${key}`;
    const { Body } = await this.ask(doing, () =>
      this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key })),
    );
    return Readable.from(this.piecesOf(Body as Readable, doing), { objectMode: false });
  }

  close(): void {
    this.client.destroy();
  }

  private page(prefix: string, keys: number, token?: string, after?: string): Promise<ListObjectsV2CommandOutput> {
    const input = {
      Bucket: this.bucket,
      Prefix: prefix,
      MaxKeys: keys,
      ContinuationToken: token,
      StartAfter: after,
    };
    return this.ask('listing the bucket', () => this.client.send(new ListObjectsV2Command(input)));
  }

  private async sendParts(params: ConstructorParameters<typeof Upload>[0]['params'], signal: AbortSignal) {
    const upload = new Upload({ client: this.client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE });
    const onAbort = (): void => void upload.abort().catch(() => {});
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await upload.done();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private async *piecesOf(body: Readable, doing: string): AsyncIterable<Buffer> {
    try {
      yield* body as AsyncIterable<Buffer>;
    } catch (error) {
      throw this.fault(doing, error);
    }
  }

  private async ask<T>(doing: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.fault(doing, error);
    }
  }

  private fault(doing: string, error: unknown): StoreFault {
    return s3Fault(`${this.what}: ${doing}`, error);
  }
}

function keysOf({ Contents }: ListObjectsV2CommandOutput): string[] {
  return (Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
}

export type Metadata = Readonly<Record<string, string>>;

function nullWhereMissing(error: unknown): null {
  const { name, $metadata } = ((error as Error).cause ?? {}) as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
  };
  if (name !== 'NoSuchBucket' && $metadata?.httpStatusCode === 404) return null;
  throw error;
}
