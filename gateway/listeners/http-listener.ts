/**
 * One HTTP endpoint with WebSocket routes and a few GET pages. Two implementations with the same behaviour:
 * `listenUws` (uWebSockets.js) and `listenWs` (ws over node:http), where the first one's binary does not load.
 * Held by `test/gateway/listeners/http-listener.test.ts`.
 */
export interface HttpRoutes {
  /** By exact path. */
  sockets: Record<string, SocketRoute>;
  /** By exact path. */
  pages: Record<string, () => Page | Promise<Page>>;
  /** By what the path starts with, which ends in `/`; gets the rest of the path, as it was sent. */
  below?: Record<string, (rest: string) => Page | Promise<Page>>;
}

export interface Page {
  status: number;
  contentType: string;
  body: string;
}

export interface SocketRoute {
  /** A message larger than this closes the connection with 1009. */
  payloadBytesMax: number;
  /** Unsent bytes beyond which the peer counts as not reading and is closed. */
  unsentBytesMax: number;
  /** Offered subprotocols this route speaks, first match wins; null when it has none. */
  subprotocols: readonly string[] | null;
  /** Decides on an upgrade before it is answered. */
  accept(request: SocketRequest): SocketHandlerFactory | SocketRefusal;
}

export interface SocketRequest {
  query: string;
  authorization: string;
  remoteAddress: string;
}

export interface SocketRefusal {
  status: 400 | 401 | 403 | 503;
  reason: string;
}

export type SocketHandlerFactory = (peer: SocketPeer) => SocketHandler;

/** What a handler may do with its connection; all are no-ops once it is closed. */
export interface SocketPeer {
  readonly remoteAddress: string;
  /** Sends a text (string) or binary (bytes) message. */
  send(message: string | Uint8Array): void;
  readonly unsentBytes: number;
  /** Closes with a status code and a reason of at most 123 bytes, after what was sent. */
  end(code: number, reason: string): void;
}

export interface SocketHandler {
  /** `data` is valid during the call only. */
  message(data: Buffer, isBinary: boolean): void;
  /** Unsent bytes have gone out. */
  drained?(): void;
  closed(): void;
}

export interface HttpListener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Which implementation serves. */
  readonly engine: 'uWebSockets.js' | 'ws';
  /**
   * Takes no more connections, and closes those there are with 1001. A peer that is still sending gets `LINGER_MS` to read
   * that, before it is cut off; until then its connection may outlive the promise and keeps the process.
   */
  close(): Promise<void>;
}

/** A connection that is cut off while its peer sends is a reset to it, and what it had yet to read is lost. */
export const LINGER_MS = 2000;

/** Seconds without any byte after which a WebSocket is closed; pings keep quiet ones open. */
export const SOCKET_IDLE_S = 120;

export interface UpgradeHeaders {
  upgrade: string;
  connection: string;
  version: string;
  key: string;
  origin: string;
  host: string;
}

/**
 * Why an upgrade request is refused (RFC 6455, 4.2.1), or null. A browser page may connect when it comes from this
 * host, from loopback or from a file: else any web page its user visits could write into the gateway.
 */
export function upgradeFault(headers: UpgradeHeaders): SocketRefusal | null {
  if (headers.upgrade.toLowerCase() !== 'websocket')
    return { status: 400, reason: 'the Upgrade header must be websocket' };
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection)) {
    return { status: 400, reason: 'the Connection header must hold Upgrade' };
  }
  if (headers.version !== '13') return { status: 400, reason: 'Sec-WebSocket-Version must be 13' };
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.key))
    return { status: 400, reason: 'Sec-WebSocket-Key must be 16 bytes in base64' };
  if (!originAllowed(headers.origin, headers.host)) {
    return { status: 403, reason: 'pages of another origin may not connect' };
  }
  return null;
}

function originAllowed(origin: string, host: string): boolean {
  if (origin === '' || origin === 'null') return true;
  try {
    const url = new URL(origin);
    return url.host === host || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  } catch {
    return false;
  }
}

/** The subprotocol to answer with: the first one offered that the route speaks; '' when none was offered or spoken. */
export function chooseSubprotocol(offered: string, spoken: readonly string[] | null): string {
  if (spoken === null || offered === '') return '';
  return (
    offered
      .split(',')
      .map((name) => name.trim())
      .find((name) => spoken.includes(name)) ?? ''
  );
}
