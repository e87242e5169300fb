import type { Commit } from '../bus/bus.js';
import { TELEMETRY_TOPIC } from '../bus/bus.js';
import type { LogBus } from '../bus/log/log-bus.js';
import type { ForwardGate } from '../bus/spooled/forward-gate.js';
import type { ForwardPosition } from '../bus/spooled/forwarder.js';
import { briskUs } from '../bus/ticker.js';
import type { Logger } from '../core/logger.js';
import type { MetricsPage } from '../core/metrics.js';
import { settles } from '../core/settles.js';
import { WorkerPool } from '../processors/worker-pool.js';
import { busFolders } from './build-lanes.js';
import type { Config } from './config/config.js';
import { LANE_MODULE } from './embedded-flow.js';
import type { HealthPart } from './health.js';
import type { LaneStatus } from './lane-status.js';
import { FORWARDED_TOPICS } from './lanes/forward-lane.js';
import type { KafkaLane } from './lanes/kafka-lane.js';
import type { ForwardLaneSpec, LaneReport, LaneTask } from './lanes/lane.js';
import { longestWaitUs } from './longest-wait.js';
import { Scheduler } from './scheduler.js';

/** How long the first record of a quiet stream waits for others to share its message. */
const LINGER_MS = 100;
/** How long what is in the spool may still be sent when the process is told to end; the rest is sent after the start. */
const STOP_GRACE_MS = 5_000;
const KEEP_MS = 1_000;
const SAMPLE_MS = 5_000;
const FORWARD_TABLE = 'forward';

/** The spool in front of Kafka, and what sends it on, in a thread of its own. */
export class Spool {
  private positions: ForwardPosition[];
  private kept = new Map<string, number>();
  private keptMs = Number.NEGATIVE_INFINITY;
  private readonly scheduler: Scheduler;
  private readonly pool: WorkerPool<LaneTask, LaneReport>;
  private readonly sampling: NodeJS.Timeout;
  private sampled: { ms: number; bytes: number };
  private bytesPerSecond = 0;

  private constructor(
    private readonly log: LogBus,
    private readonly sizeBytes: number,
    spec: ForwardLaneSpec,
    gate: ForwardGate | null,
    workers: number,
    logger: Logger,
  ) {
    this.positions = spec.resume;
    this.sampled = { ms: performance.now(), bytes: log.storedBytes };
    this.pool = new WorkerPool(LANE_MODULE, workers);
    this.scheduler = new Scheduler(this.pool, {
      logger,
      positions: (_spec, positions) => {
        this.positions = [...positions];
        // A lane that is opened again goes on from here.
        spec.resume = this.positions;
        for (const { topic, partition, offset } of positions) log.hold(spec.id, topic, partition, offset);
        gate?.pass(positions);
      },
    });
    this.sampling = setInterval(() => this.sample(), SAMPLE_MS);
  }

  static async start(
    config: Config,
    log: LogBus,
    kafka: KafkaLane,
    gate: ForwardGate | null,
    logger: Logger,
  ): Promise<Spool> {
    const { partitions, sizeBytes } = config.bus.log;
    const spec: ForwardLaneSpec = {
      kind: 'forward',
      id: 'forwarder',
      folders: busFolders(config),
      partitions,
      kafka,
      declared: config.streams.map((stream) => stream.pattern.text),
      resume: readPositions(log),
      lingerMs: gate ? 0 : LINGER_MS,
      briskUs: briskUs(longestWaitUs(config)),
    };
    const spool = new Spool(log, sizeBytes, spec, gate, Math.min(1, config.workers), logger);
    await spool.scheduler.start([spec]);
    return spool;
  }

  /** More is durable. */
  grew(): void {
    this.scheduler.grew(TELEMETRY_TOPIC);
  }

  get statuses(): LaneStatus[] {
    return this.scheduler.statuses;
  }

  /** Now and then a commit of the spool keeps how far Kafka has it; what is newer is sent again after a crash. */
  keepPositions(commit: Commit): void {
    if (performance.now() - this.keptMs < KEEP_MS) return;
    this.keptMs = performance.now();
    for (const { topic, partition, offset } of this.positions) {
      const name = `${topic}/${partition}`;
      if (this.kept.get(name) === offset) continue;
      this.kept.set(name, offset);
      commit.setFact(FORWARD_TABLE, name, Buffer.from(String(offset)));
    }
  }

  get health(): HealthPart {
    const fault = this.log.full ? 'the spool is full with what Kafka does not have yet: devices wait' : null;
    const seconds = this.secondsToFull;
    const facts = {
      full: this.log.full,
      storedBytes: this.log.storedBytes,
      sizeBytes: this.sizeBytes,
      pendingRecords: this.pendingRecords,
      secondsToFull: Number.isFinite(seconds) ? Math.round(seconds) : null,
    };
    return { name: 'spool', fault, facts };
  }

  metrics(page: MetricsPage): void {
    page.gauge('pitwall_spool_pending_records', 'Records of the spool that Kafka does not have yet.', () => {
      return this.pendingRecords;
    });
    page.gauge('pitwall_spool_size_bytes', 'bus.kafka.spoolSize.', () => this.sizeBytes);
    page.gauge(
      'pitwall_spool_seconds_to_full',
      'When the spool is full if it goes on growing as it does; +Inf while it does not grow.',
      () => [{ labels: {}, value: this.secondsToFull }],
    );
  }

  async stop(): Promise<void> {
    clearInterval(this.sampling);
    await this.scheduler.stop(STOP_GRACE_MS);
    const commit = this.log.begin();
    this.keptMs = Number.NEGATIVE_INFINITY;
    this.keepPositions(commit);
    // Where the spool is full it may stand behind one that waits for room; then what is newer is sent again.
    await settles(commit.commit(), KEEP_MS).catch(() => {});
    await this.pool.close();
  }

  private get pendingRecords(): number {
    return this.positions.reduce((sum, { topic, partition, offset }) => {
      return sum + Math.max(0, this.log.end(topic, partition) - offset);
    }, 0);
  }

  private get secondsToFull(): number {
    if (this.bytesPerSecond <= 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.sizeBytes - this.log.storedBytes) / this.bytesPerSecond;
  }

  private sample(): void {
    const now = { ms: performance.now(), bytes: this.log.storedBytes };
    this.bytesPerSecond = ((now.bytes - this.sampled.bytes) * 1000) / (now.ms - this.sampled.ms);
    this.sampled = now;
  }
}

function readPositions(log: LogBus): ForwardPosition[] {
  return FORWARDED_TOPICS.flatMap((topic) =>
    Array.from({ length: log.partitions }, (_, partition) => {
      const fact = log.fact(FORWARD_TABLE, `${topic}/${partition}`);
      return { topic, partition, offset: fact ? Number(fact.toString()) : 0 };
    }),
  );
}
