import type { Commit } from '../bus/bus.js';
import type { LogBus } from '../bus/log/log-bus.js';
import { ByteBudget } from '../core/byte-budget.js';
import type { Logger } from '../core/logger.js';
import { IngestEndpoint } from '../gateway/ingest/ingest-endpoint.js';
import { Intake } from '../gateway/intake.js';
import { listenHttp } from '../gateway/listeners/http.js';
import type { Page } from '../gateway/listeners/http-listener.js';
import { mqttSocketRoute } from '../gateway/listeners/mqtt-socket.js';
import { listenTcp } from '../gateway/listeners/tcp.js';
import { LiveFeed } from '../gateway/live-feed.js';
import { MqttServer } from '../gateway/mqtt/mqtt-server.js';
import { StreamDirectory } from '../gateway/stream-directory.js';
import { BusGatewayStore } from './bus-gateway-store.js';
import type { Config } from './config/config.js';
import type { FrontSources } from './front-metrics.js';
import { longestWaitUs } from './longest-wait.js';
import { StatePage, type StateSource } from './state-page.js';

const TICK_CHECK_MS = 250;
/** After a start, devices get so long to come back before time passes without their data. */
const RECONNECT_GRACE_MS = 10_000;
/** How long what was taken may take to become durable then. */
const DRAIN_GRACE_MS = 5_000;

export interface FrontParts {
  /** The log that is written first: the bus itself, or the spool in front of it. */
  log: LogBus;
  /** Its name: the origin of what is written. */
  writer: string;
  through?: { begin(): Commit; committing?(commit: Commit): void };
  /** Something more is durable. */
  durable(): void;
  /** Further pages, and the metrics beside those of the front itself. */
  health(): Page;
  /** The lanes that can say what they hold; null where there are none. */
  state: StateSource | null;
  metrics(front: FrontSources): () => string;
}

/**
 * What devices see: listeners, decoders and the intake, in front of a log. Pushes onto `closers` how it ends: it takes
 * nothing new, then what was taken becomes durable and is answered.
 */
export async function openFront(
  config: Config,
  logger: Logger,
  parts: FrontParts,
  closers: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  const budget = new ByteBudget(config.gateway.memoryBytes);
  const feed = new LiveFeed();
  const store = new BusGatewayStore(parts.log, parts.writer, longestWaitUs(config), parts.through);
  const streams = new StreamDirectory(store, config.streams, config.gateway.undeclared === 'accept');
  const intake = new Intake({ store, streams, budget, feed, logger, durable: () => parts.durable() });
  closers.push(async () => {
    const drained = await intake.drain(DRAIN_GRACE_MS);
    intake.close();
    if (drained) return;
    logger.warn('the bus takes nothing: what waits for it was not acknowledged, and its devices will send it again');
  });
  closers.push(startTicking(intake));

  const { connections, payloadBytes } = config.gateway.limits;
  const mqtt = new MqttServer({ acceptor: intake, budget, feed, logger, limits: { connections, payloadBytes } });
  const ingest = new IngestEndpoint({
    intake,
    store,
    budget,
    payloadBytesMax: payloadBytes,
    connectionsMax: connections,
  });
  const addresses: Record<string, string> = {};
  if (config.gateway.mqtt) {
    const listener = await listenTcp({ ...config.gateway.mqtt, server: mqtt });
    closers.push(() => listener.close());
    addresses.mqtt = listener.address;
  }
  if (config.gateway.http) {
    const render = parts.metrics({ intake, budget, bus: parts.log, ingest, mqtt });
    const listener = await listenHttp({
      ...config.gateway.http,
      logger,
      routes: {
        sockets: { '/ingest': ingest, '/mqtt': mqttSocketRoute(mqtt, payloadBytes) },
        pages: statusPages(render, () => parts.health()),
        below: statePages(config, parts.state),
      },
    });
    closers.push(() => listener.close());
    addresses.http = listener.address;
    // Before their connections are cut off, devices get the answers to what was taken.
    closers.push(() => ingest.close(DRAIN_GRACE_MS));
  }
  closers.push(() => mqtt.close());
  return addresses;
}

export function statusPages(metrics: () => string, health: () => Page): Record<string, () => Page> {
  return {
    '/metrics': () => ({ status: 200, contentType: 'text/plain; version=0.0.4', body: metrics() }),
    '/health': health,
  };
}

export function statePages(
  config: Config,
  source: StateSource | null,
): Record<string, (rest: string) => Promise<Page>> {
  const page = new StatePage(config, source);
  return { '/state/': (rest) => page.get(rest) };
}

/** Ticks begin when devices have had time to come back after the start. */
function startTicking(intake: Intake): () => Promise<void> {
  let timer: NodeJS.Timeout = setTimeout(() => {
    timer = setInterval(() => intake.tick(), TICK_CHECK_MS);
  }, RECONNECT_GRACE_MS);
  return async () => clearTimeout(timer);
}
