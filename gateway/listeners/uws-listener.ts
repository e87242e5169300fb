import type uws from 'uWebSockets.js';
import { cannotBind } from './cannot-bind.js';
import {
  chooseSubprotocol,
  type HttpListener,
  type HttpRoutes,
  LINGER_MS,
  type Page,
  SOCKET_IDLE_S,
  type SocketHandler,
  type SocketHandlerFactory,
  type SocketPeer,
  type SocketRoute,
  upgradeFault,
} from './http-listener.js';

type PageSource = () => Page | Promise<Page>;

const CLOSING: Page = { status: 503, contentType: 'text/plain', body: 'the gateway is shutting down\n' };

interface UserData {
  connect: SocketHandlerFactory;
  remoteAddress: string;
  peer: UwsPeer | null;
  handler: SocketHandler | null;
}

/** Serves the routes with uWebSockets.js. Port 0 takes any free port. Rejects when the address cannot be bound. */
export function listenUws(module: typeof uws, host: string, port: number, routes: HttpRoutes): Promise<HttpListener> {
  const app = module.App();
  const open = new Set<uws.WebSocket<UserData>>();
  let closing = false;
  // What pages show is gone soon after.
  const alive = (page: PageSource) => () => (closing ? CLOSING : page());
  for (const [path, route] of Object.entries(routes.sockets)) app.ws<UserData>(path, socketBehavior(route, open));
  for (const [path, page] of Object.entries(routes.pages)) app.get(path, (res) => servePage(res, alive(page)));
  for (const [path, page] of Object.entries(routes.below ?? {})) {
    app.get(`${path}*`, (res, req) => {
      const rest = req.getUrl().slice(path.length);
      servePage(
        res,
        alive(() => page(rest)),
      );
    });
  }
  app.any('/*', (res) => {
    res.writeStatus('404 Not Found').end('not found\n', true);
  });
  return new Promise((resolve, reject) => {
    app.listen(host, port, (token) => {
      if (!token) {
        reject(cannotBind('gateway.http', host, port));
        return;
      }
      resolve({
        address: `${host}:${module.us_socket_local_port(token as never)}`,
        engine: 'uWebSockets.js',
        async close() {
          module.us_listen_socket_close(token);
          closing = true;
          // Each peer closes its side when it has read this, and those that have been ended before as well.
          for (const socket of [...open]) socket.end(1001, 'the gateway is shutting down');
          setTimeout(() => app.close(), LINGER_MS).unref();
        },
      });
    });
  });
}

function socketBehavior(route: SocketRoute, open: Set<uws.WebSocket<UserData>>): uws.WebSocketBehavior<UserData> {
  return {
    maxPayloadLength: route.payloadBytesMax,
    maxBackpressure: route.unsentBytesMax,
    closeOnBackpressureLimit: 1,
    idleTimeout: SOCKET_IDLE_S,
    sendPingsAutomatically: true,
    upgrade(res, req, context) {
      const key = req.getHeader('sec-websocket-key');
      const fault = upgradeFault({
        upgrade: req.getHeader('upgrade'),
        connection: req.getHeader('connection'),
        version: req.getHeader('sec-websocket-version'),
        key,
        origin: req.getHeader('origin'),
        host: req.getHeader('host'),
      });
      const remoteAddress = Buffer.from(res.getRemoteAddressAsText()).toString();
      const answer =
        fault ??
        route.accept({ query: req.getQuery() ?? '', authorization: req.getHeader('authorization'), remoteAddress });
      if (typeof answer !== 'function') {
        res.writeStatus(statusLine(answer.status));
        if (answer.status === 503) res.writeHeader('Retry-After', '1');
        res.end(`${answer.reason}\n`, true);
        return;
      }
      const subprotocol = chooseSubprotocol(req.getHeader('sec-websocket-protocol'), route.subprotocols);
      res.upgrade({ connect: answer, remoteAddress, peer: null, handler: null }, key, subprotocol, '', context);
    },
    open(socket) {
      const data = socket.getUserData();
      open.add(socket);
      data.peer = new UwsPeer(socket, data.remoteAddress);
      data.handler = data.connect(data.peer);
    },
    message(socket, message, isBinary) {
      socket.getUserData().handler?.message(Buffer.from(message), isBinary);
    },
    drain(socket) {
      socket.getUserData().handler?.drained?.();
    },
    close(socket) {
      const data = socket.getUserData();
      open.delete(socket);
      if (data.peer) data.peer.socket = null;
      data.handler?.closed();
    },
  };
}

class UwsPeer implements SocketPeer {
  constructor(
    public socket: uws.WebSocket<UserData> | null,
    readonly remoteAddress: string,
  ) {}

  get unsentBytes(): number {
    return this.socket?.getBufferedAmount() ?? 0;
  }

  send(message: string | Uint8Array): void {
    this.socket?.send(message, typeof message !== 'string');
  }

  end(code: number, reason: string): void {
    this.socket?.end(code, reason);
  }
}

function servePage(res: uws.HttpResponse, page: PageSource): void {
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
  });
  Promise.resolve()
    .then(page)
    .catch((): Page => ({ status: 500, contentType: 'text/plain', body: 'internal error\n' }))
    .then((answer) => {
      if (aborted) return;
      res.cork(() => {
        res.writeStatus(statusLine(answer.status)).writeHeader('Content-Type', answer.contentType);
        // Connections kept for further requests would hold up the end of the process.
        res.end(answer.body, true);
      });
    });
}

function statusLine(status: number): string {
  const names: Record<number, string> = {
    200: 'OK',
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    413: 'Content Too Large',
    500: 'Internal Server Error',
    503: 'Service Unavailable',
  };
  return `${status} ${names[status] ?? ''}`;
}
