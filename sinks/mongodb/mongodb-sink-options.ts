/** What a user may set. */
export interface MongodbSinkOptions {
  /** Connection string; may hold credentials. */
  url: string;
  /** Credentials beside those of `url`, which then has none. */
  login: { username: string; password: string } | null;
  database: string;
  /** `{stream}` stands for the stream's name, any other `{name}` for the tag of that name. */
  collection: string;
  /**
   * - `insert`: a document a row.
   * - `upsert`: a document a key, of the row with the latest time.
   * - `bucket`: a document a stream and `bucketUs`, with arrays.
   * - `timeseries`: a document a row in a time-series collection, which keeps no row once only.
   */
  mode: 'insert' | 'upsert' | 'bucket' | 'timeseries';
  /** Columns and tags that make the key of `upsert`; empty otherwise. */
  key: readonly string[];
  bucketUs: number;
  /** Documents are deleted when their time is so long ago; null = never. */
  expireUs: number | null;
  /** Requests that may be under way at a time. */
  connections: number;
  timeoutMs: number;
}

/** Where the rows go, for messages: servers, database and collection, and no credentials. */
export function placeOf({ url, database, collection }: MongodbSinkOptions): string {
  return `mongodb ${serversOf(url)}/${database}.${collection}`;
}

/** The servers of a connection string, without what may be a secret. */
export function serversOf(url: string): string {
  const [, servers] = /^mongodb(?:\+srv)?:\/\/(?:[^/?#@]*@)?([^/?#@]+)(?:[/?]|$)/.exec(url) ?? [];
  return servers ?? 'with an address that cannot be shown';
}
