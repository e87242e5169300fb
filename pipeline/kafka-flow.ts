import { LogBus } from '../bus/log/log-bus.js';
import { ForwardGate } from '../bus/spooled/forward-gate.js';
import { SpooledCommit } from '../bus/spooled/spooled-commit.js';
import type { Logger } from '../core/logger.js';
import { MetricsPage } from '../core/metrics.js';
import { listenHttp } from '../gateway/listeners/http.js';
import { busFolders } from './build-lanes.js';
import { busTopics, recordsTopic, topicTemplate } from './bus-topics.js';
import type { Address, Config, KafkaConfig } from './config/config.js';
import { frontMetrics } from './front-metrics.js';
import { openFront, statePages, statusPages } from './gateway-front.js';
import { healthPage } from './health.js';
import { checkCluster } from './kafka-cluster.js';
import { laneMetrics } from './lane-metrics.js';
import type { KafkaLane } from './lanes/kafka-lane.js';
import { logIdentity } from './log-identity.js';
import { Partitions } from './partitions.js';
import { Spool } from './spool.js';

export interface KafkaFlowOptions {
  role: 'all' | 'gateway' | 'process';
  http: Address | null | undefined;
}

/**
 * The flow over Kafka: sockets → intake → spool → forwarder → Kafka, and Kafka → lanes of the partitions that this
 * process owns; one half of it, or both, in a process.
 */
export async function startKafka(
  config: Config,
  kafka: KafkaConfig,
  logger: Logger,
  { role, http }: KafkaFlowOptions,
  closers: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  const topics = busTopics(config, kafka);
  const template = topicTemplate(config, kafka);
  const { base } = template;
  const spec = recordsTopic(config, kafka, base);
  const spread = template.tags.length > 0 ? { template: template.text, reserved: [...template.reserved], spec } : null;
  const lane = (instance: string): KafkaLane => {
    const { connection, compression, stateDir, registry } = kafka;
    return { connection, base, spread, compression, instance, stateDir, registry, topics };
  };
  await checkCluster(kafka.connection, topics, logger);
  const partitions = role === 'gateway' ? null : await Partitions.start(config, kafka, lane, logger);
  if (partitions) closers.push(() => partitions.stop());
  if (role === 'process') return openStatus(config, partitions!, logger, http, closers);

  const folders = busFolders(config);
  const { partitions: count, retainUs, sizeBytes } = config.bus.log;
  const log = LogBus.open({ dir: folders.ingest, partitions: count, retainUs, sizeBytes, whenFull: 'hold', logger });
  closers.push(() => log.close());
  const writer = await logIdentity(log);
  const gate = config.gateway.ack === 'bus' ? new ForwardGate() : null;
  const spool = await Spool.start(config, log, lane(writer), gate, logger);
  closers.push(() => spool.stop());
  log.startRetention();

  const lanes = () => [...spool.statuses, ...(partitions?.statuses ?? [])];
  return openFront(
    config,
    logger,
    {
      log,
      writer,
      through: {
        // With `ack: bus` the commit waits for the forwarder, which has to hear of it first.
        begin: () => new SpooledCommit(log, gate, () => spool.grew()),
        committing: (commit) => spool.keepPositions(commit),
      },
      durable() {},
      health: () => healthPage(lanes(), null, [spool.health, ...(partitions ? [partitions.health] : [])]),
      state: partitions,
      metrics(front) {
        const page = new MetricsPage();
        frontMetrics(page, front);
        spool.metrics(page);
        partitions?.metrics(page);
        laneMetrics(page, lanes, null);
        return () => page.render();
      },
    },
    closers,
  );
}

/** A process that has no listeners for devices shows how it is on an address of its own. */
async function openStatus(
  config: Config,
  partitions: Partitions,
  logger: Logger,
  address: Address | null | undefined,
  closers: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  const at = address === undefined ? config.gateway.http : address;
  if (!at) return {};
  const page = new MetricsPage();
  laneMetrics(page, () => partitions.statuses, null);
  partitions.metrics(page);
  const health = () => healthPage(partitions.statuses, null, [partitions.health]);
  const pages = statusPages(() => page.render(), health);
  const routes = { sockets: {}, pages, below: statePages(config, partitions) };
  const listener = await listenHttp({ ...at, logger, routes });
  closers.push(() => listener.close());
  return { http: listener.address };
}
