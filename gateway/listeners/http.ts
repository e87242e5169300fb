import type { Logger } from '../../core/logger.js';
import type { HttpListener, HttpRoutes } from './http-listener.js';
import { listenUws } from './uws-listener.js';
import { listenWs } from './ws-listener.js';

export interface ListenHttpOptions {
  host: string;
  port: number;
  routes: HttpRoutes;
  logger: Logger;
  /** `ws` skips uWebSockets.js, for machines where it misbehaves and for tests. */
  engine?: 'auto' | 'ws';
}

/** Serves the routes with uWebSockets.js, or with `ws` where its binary does not load, and says so. */
export async function listenHttp({ host, port, routes, logger, engine }: ListenHttpOptions): Promise<HttpListener> {
  if (engine !== 'ws') {
    let module: typeof import('uWebSockets.js') | null = null;
    try {
      module = (await import('uWebSockets.js')).default as never;
    } catch (cause) {
      logger.warn('uWebSockets.js does not load here: WebSockets are served by ws, which is slower', {
        cause: String((cause as Error).message).split('\n', 1)[0],
      });
    }
    if (module) return listenUws(module as never, host, port, routes);
  }
  return listenWs(host, port, routes);
}
