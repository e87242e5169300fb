import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What becomes of one request; undefined: it goes through. */
export type Fault =
  /** This is answered, and the server never sees the request. */
  | { status: number; headers?: Record<string, string>; body?: string }
  /** The server never sees it, and nothing is answered. */
  | 'silence'
  /** The server has it and answers, and the connection ends before the answer is through. */
  | 'cut answer'
  /** The connection ends in the middle of the request's body. */
  | 'cut request';

export interface SeenRequest {
  method: string;
  url: string;
}

/** In front of a real HTTP server, on a port of its own, until the test ends. Returns its origin. */
export async function faultyProxy(
  t: TestContext,
  target: string,
  faultOf: (request: SeenRequest) => Fault | undefined,
): Promise<string> {
  const server = createServer((incoming, answer) => {
    const { method = '', url = '' } = incoming;
    const fault = faultOf({ method, url });
    if (fault === 'silence') incoming.resume();
    else if (typeof fault === 'object') {
      incoming.resume();
      incoming.on('end', () => answer.writeHead(fault.status, fault.headers).end(fault.body ?? ''));
    } else forward(target, incoming, answer, fault ?? null);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function forward(target: string, incoming: IncomingMessage, answer: ServerResponse, fault: Fault | null): void {
  // The host is part of what is signed, and so stays what the client called it.
  const { method, url = '', headers } = incoming;
  const outgoing = request(new URL(url, target), { method, headers });
  outgoing.on('error', () => answer.destroy());
  outgoing.on('response', (response) => {
    if (fault !== 'cut answer') {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
      return;
    }
    response.resume();
    response.on('end', () => answer.destroy());
  });
  if (fault === 'cut request') {
    incoming.once('data', (chunk: Buffer) => {
      outgoing.write(chunk.subarray(0, chunk.length >> 1), () => {
        outgoing.destroy();
        incoming.destroy();
      });
    });
  } else incoming.pipe(outgoing);
}
