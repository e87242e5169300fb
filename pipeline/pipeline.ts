import { TELEMETRY_TOPIC } from '../bus/bus.js';
import { LogBus } from '../bus/log/log-bus.js';
import { ByteBudget } from '../core/byte-budget.js';
import type { Logger } from '../core/logger.js';
import { IngestEndpoint } from '../gateway/ingest/ingest-endpoint.js';
import { Intake } from '../gateway/intake.js';
import { listenHttp } from '../gateway/listeners/http.js';
import { mqttSocketRoute } from '../gateway/listeners/mqtt-socket.js';
import { listenTcp } from '../gateway/listeners/tcp.js';
import { LiveFeed } from '../gateway/live-feed.js';
import { MqttServer } from '../gateway/mqtt/mqtt-server.js';
import { StreamDirectory } from '../gateway/stream-directory.js';
import { WorkerPool } from '../processors/worker-pool.js';
import { buildLanes, busFolders } from './build-lanes.js';
import { BusGatewayStore } from './bus-gateway-store.js';
import type { Config } from './config/config.js';
import { gatewayMetrics } from './gateway-metrics.js';
import { healthPage } from './health.js';
import type { LaneReport, LaneTask } from './lanes/lane.js';
import { logIdentity } from './log-identity.js';
import { Scheduler } from './scheduler.js';

const TICK_CHECK_MS = 250;
/** After a start, devices get so long to come back before time passes without their data. */
const RECONNECT_GRACE_MS = 10_000;
/** How long what was taken may take to become durable then. */
const DRAIN_GRACE_MS = 5_000;
/** How long lanes may go on catching up when the process is told to end. */
const STOP_GRACE_MS = 10_000;

/**
 * The whole flow on one machine: sockets → intake → ingest log → lanes (processors, branches). Started in the order of
 * the flow's end to its beginning, so that nothing is accepted before it can be kept; stopped from its beginning to its
 * end, so that what was accepted reaches the stores.
 */
export class Pipeline {
  private constructor(
    /** `mqtt=HOST:PORT http=HOST:PORT`, as bound. */
    readonly addresses: Record<string, string>,
    private readonly closers: (() => Promise<void>)[],
  ) {}

  static async start(config: Config, logger: Logger): Promise<Pipeline> {
    const closers: (() => Promise<void>)[] = [];
    try {
      return await start(config, logger, closers);
    } catch (error) {
      for (const close of closers.reverse()) await close().catch(() => {});
      throw error;
    }
  }

  /** Accepted data becomes durable, branches flush, positions are kept. */
  async stop(): Promise<void> {
    const faults: unknown[] = [];
    for (const close of [...this.closers].reverse()) await close().catch((fault: unknown) => faults.push(fault));
    if (faults.length > 0) throw faults[0];
  }

  /** @internal */
  static make(addresses: Record<string, string>, closers: (() => Promise<void>)[]): Pipeline {
    return new Pipeline(addresses, closers);
  }
}

async function start(config: Config, logger: Logger, closers: (() => Promise<void>)[]): Promise<Pipeline> {
  const folders = busFolders(config);
  const { partitions, retainUs, sizeBytes, whenFull } = config.bus.log;
  const bus = LogBus.open({ dir: folders.ingest, partitions, retainUs, sizeBytes, whenFull, logger });
  closers.push(() => bus.close());
  const writer = await logIdentity(bus);

  const module = new URL('./lanes/lane-worker.js', import.meta.url);
  const pool = new WorkerPool<LaneTask, LaneReport>(module, config.workers);
  closers.push(() => pool.close());
  const scheduler = new Scheduler(pool, {
    logger,
    positions(spec, positions) {
      for (const { topic, partition, offset } of positions) {
        if (topic === TELEMETRY_TOPIC) bus.hold(spec.id, topic, partition, offset);
      }
    },
  });
  await scheduler.start(buildLanes(config));
  closers.push(() => scheduler.stop(STOP_GRACE_MS));
  bus.startRetention();

  const budget = new ByteBudget(config.gateway.memoryBytes);
  const feed = new LiveFeed();
  const store = new BusGatewayStore(bus, writer, longestWaitUs(config));
  const streams = new StreamDirectory(store, config.streams, config.gateway.undeclared === 'accept');
  const intake = new Intake({ store, streams, budget, feed, logger, durable: () => scheduler.grew(TELEMETRY_TOPIC) });
  closers.push(async () => {
    if (await intake.drain(DRAIN_GRACE_MS)) return;
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
    const metrics = gatewayMetrics({ intake, budget, bus, ingest, mqtt, lanes: () => scheduler.statuses });
    const listener = await listenHttp({
      ...config.gateway.http,
      logger,
      routes: {
        sockets: { '/ingest': ingest, '/mqtt': mqttSocketRoute(mqtt, payloadBytes) },
        pages: {
          '/metrics': () => ({ status: 200, contentType: 'text/plain; version=0.0.4', body: metrics.render() }),
          '/health': () => healthPage(scheduler.statuses, bus),
        },
      },
    });
    closers.push(() => listener.close());
    addresses.http = listener.address;
    // Before their connections are cut off, devices get the answers to what was taken.
    closers.push(() => ingest.close(DRAIN_GRACE_MS));
  }
  closers.push(() => mqtt.close());
  return Pipeline.make(addresses, closers);
}

/** Ticks begin when devices have had time to come back after the start. */
function startTicking(intake: Intake): () => Promise<void> {
  let timer: NodeJS.Timeout = setTimeout(() => {
    timer = setInterval(() => intake.tick(), TICK_CHECK_MS);
  }, RECONNECT_GRACE_MS);
  return async () => clearTimeout(timer);
}

/** Joins may follow one another, each with a wait of its own. */
function longestWaitUs(config: Config): number {
  const steps = config.processors.flatMap((processor) => processor.plan.steps);
  return steps.reduce((sum, step) => sum + (step.verb === 'join' ? step.waitUs : 0), 0);
}
