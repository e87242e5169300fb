export interface HttpSinkOptions {
  /** Without credentials. */
  url: string;
  /** By name; each value may be a secret. */
  headers: Readonly<Record<string, string>>;
  /** `json`: an array of objects; `jsonl`: an object a line. */
  format: 'json' | 'jsonl';
  gzip: boolean;
  /** Whether each row has its place on the bus as `position`. */
  positions: boolean;
}

/** What the header's own fields are. Others are for the connection, or say what the body is. */
export const OWN_HEADERS = [
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'pitwall-positions',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;
