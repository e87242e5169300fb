import { TELEMETRY_TOPIC } from '../bus/bus.js';
import { LogBus } from '../bus/log/log-bus.js';
import type { Logger } from '../core/logger.js';
import { MetricsPage } from '../core/metrics.js';
import { WorkerPool } from '../processors/worker-pool.js';
import { BranchControl } from './branches/branch-control.js';
import { allPartitions, buildLanes, busFolders } from './build-lanes.js';
import type { Config } from './config/config.js';
import { frontMetrics } from './front-metrics.js';
import { openFront } from './gateway-front.js';
import { healthPage } from './health.js';
import { laneMetrics } from './lane-metrics.js';
import type { LaneReport, LaneTask } from './lanes/lane.js';
import { logIdentity } from './log-identity.js';
import { Scheduler } from './scheduler.js';

/** How long lanes may go on catching up when the process is told to end. */
const STOP_GRACE_MS = 10_000;
export const LANE_MODULE = new URL('./lanes/lane-worker.js', import.meta.url);

/** Where functions or stores wait for something outside, lanes of a worker wait side by side. */
const WAITING_TASKS = 256;

/** The whole flow on one machine: sockets → intake → ingest log → lanes (processors, branches). */
export async function startEmbedded(
  config: Config,
  logger: Logger,
  closers: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  const folders = busFolders(config);
  const { partitions, retainUs, sizeBytes, whenFull } = config.bus.log;
  const bus = LogBus.open({ dir: folders.ingest, partitions, retainUs, sizeBytes, whenFull, logger });
  closers.push(() => bus.close());
  const writer = await logIdentity(bus);

  const waits = config.waits || config.sinks.some(({ type }) => type !== 'file');
  const pool = new WorkerPool<LaneTask, LaneReport>(LANE_MODULE, config.workers, waits ? WAITING_TASKS : 1);
  closers.push(() => pool.close());
  const control = new BranchControl(
    folders.branches,
    config.sinks.map(({ name }) => name),
    logger,
  );
  const scheduler = new Scheduler(pool, {
    logger,
    isPaused: (branch) => control.isPaused(branch),
    positions(spec, positions) {
      if (spec.kind === 'branch') control.reached(spec.name, positions);
      for (const { topic, partition, offset } of positions) {
        if (topic === TELEMETRY_TOPIC) bus.hold(spec.id, topic, partition, offset);
      }
    },
  });
  await scheduler.start(buildLanes(config, null, allPartitions(config)));
  closers.push(async () => control.stop());
  closers.push(() => scheduler.stop(STOP_GRACE_MS));
  bus.startRetention();
  control.start(scheduler.branches);

  return openFront(
    config,
    logger,
    {
      log: bus,
      writer,
      durable: () => scheduler.grew(TELEMETRY_TOPIC),
      health: () => healthPage(scheduler.statuses, bus, [busHealth(bus)]),
      state: {
        inspect: (query, isWanted) => scheduler.inspect(query, isWanted),
        owned: allPartitions(config),
      },
      metrics(front) {
        const page = new MetricsPage();
        frontMetrics(page, front);
        laneMetrics(page, () => scheduler.statuses, bus);
        return () => page.render();
      },
    },
    closers,
  );
}

function busHealth(bus: LogBus) {
  const fault = bus.full ? 'the log is full with what has not been read: devices wait' : null;
  return { name: 'bus', fault, facts: { full: bus.full, storedBytes: bus.storedBytes } };
}
