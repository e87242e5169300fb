import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { settles } from '../../core/settles.js';
import { cannotBind } from './cannot-bind.js';
import {
  chooseSubprotocol,
  type HttpListener,
  type HttpRoutes,
  LINGER_MS,
  type Page,
  SOCKET_IDLE_S,
  type SocketHandlerFactory,
  type SocketPeer,
  type SocketRoute,
  upgradeFault,
} from './http-listener.js';

/** Serves the routes with `ws` over node:http. Port 0 takes any free port. Rejects when the address cannot be bound. */
export async function listenWs(host: string, port: number, routes: HttpRoutes): Promise<HttpListener> {
  const http = createServer((request, response) => servePage(request, response, routes));
  const servers = new Map<string, WebSocketServer>();
  for (const [path, route] of Object.entries(routes.sockets)) servers.set(path, socketServer(route));
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // The error is the cause of the close that follows.
    socket.on('error', () => {});
    const [path, query] = split(request.url);
    const route = routes.sockets[path];
    const header = (name: string) => String(request.headers[name] ?? '');
    const remoteAddress = socket.remoteAddress ?? '';
    const answer = !route
      ? ({ status: 400, reason: 'no WebSocket is served here' } as const)
      : (upgradeFault({
          upgrade: header('upgrade'),
          connection: header('connection'),
          version: header('sec-websocket-version'),
          key: header('sec-websocket-key'),
          origin: header('origin'),
          host: header('host'),
        }) ?? route.accept({ query: query, authorization: header('authorization'), remoteAddress }));
    if (typeof answer !== 'function') {
      const retry = answer.status === 503 ? 'Retry-After: 1\r\n' : '';
      socket.once('finish', () => socket.destroy());
      socket.end(
        `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${retry}Connection: close\r\n\r\n${answer.reason}\n`,
      );
      return;
    }
    const server = servers.get(path)!;
    server.handleUpgrade(request, socket, head, (ws) => serveSocket(ws, remoteAddress, answer, route!));
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause) => reject(cannotBind('gateway.http', host, port, cause)));
    http.listen(port, host, resolve);
  });
  // An accept that failed, as without file descriptors, costs that connection and not the gateway.
  http.on('error', () => {});
  return {
    address: `${host}:${(http.address() as AddressInfo).port}`,
    engine: 'ws',
    async close() {
      const closed = new Promise((done) => http.close(done));
      http.closeAllConnections();
      const clients = [...servers.values()].flatMap((server) => [...server.clients]);
      for (const client of clients) client.close(1001, 'the gateway is shutting down');
      if (await settles(closed, LINGER_MS)) return;
      for (const client of clients) client.terminate();
      await closed;
    },
  };
}

function socketServer(route: SocketRoute): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload: route.payloadBytesMax,
    perMessageDeflate: false,
    handleProtocols: (offered) => chooseSubprotocol([...offered].join(','), route.subprotocols) || false,
  });
}

function serveSocket(ws: WebSocket, remoteAddress: string, connect: SocketHandlerFactory, route: SocketRoute): void {
  const peer: SocketPeer = {
    remoteAddress,
    get unsentBytes() {
      return ws.bufferedAmount;
    },
    send(message) {
      if (ws.readyState !== ws.OPEN) return;
      if (ws.bufferedAmount > route.unsentBytesMax) ws.terminate();
      else ws.send(message, () => handler.drained?.());
    },
    end: (code, reason) => ws.close(code, reason),
  };
  const handler = connect(peer);
  let alive = true;
  const idle = setInterval(
    () => {
      if (!alive) return ws.terminate();
      alive = false;
      ws.ping();
    },
    (SOCKET_IDLE_S * 1000) / 2,
  );
  ws.on('pong', () => {
    alive = true;
  });
  ws.on('error', () => ws.terminate());
  ws.on('message', (data: Buffer, isBinary) => {
    alive = true;
    if (ws.readyState === ws.OPEN) handler.message(data, isBinary);
  });
  ws.on('close', () => {
    clearInterval(idle);
    handler.closed();
  });
}

/** Path and query of a request target, whatever it holds. */
function split(target = '/'): [path: string, query: string] {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

function pageOf(path: string, { pages, below }: HttpRoutes): (() => Page | Promise<Page>) | undefined {
  const own = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const start = Object.keys(below ?? {}).find((prefix) => path.startsWith(prefix));
  return own ?? (start === undefined ? undefined : () => below![start]!(path.slice(start.length)));
}

async function servePage(request: IncomingMessage, response: ServerResponse, routes: HttpRoutes): Promise<void> {
  const [path] = split(request.url);
  const page = request.method === 'GET' ? pageOf(path, routes) : undefined;
  if (!page) {
    response.writeHead(404).end('not found\n');
    return;
  }
  try {
    const answer = await page();
    response.writeHead(answer.status, { 'Content-Type': answer.contentType }).end(answer.body);
  } catch {
    response.writeHead(500, { 'Content-Type': 'text/plain' }).end('internal error\n');
  }
}
