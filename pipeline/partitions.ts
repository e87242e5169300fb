import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC, telemetryIn } from '../bus/bus.js';
import { Membership } from '../bus/kafka/membership.js';
import { LogBus } from '../bus/log/log-bus.js';
import { PitwallError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { MetricsPage } from '../core/metrics.js';
import { settles } from '../core/settles.js';
import type { TopicOffset } from '../kafka/group-connection.js';
import { WorkerPool } from '../processors/worker-pool.js';
import { BranchControl } from './branches/branch-control.js';
import { buildLanes, busFolders } from './build-lanes.js';
import type { Config, KafkaConfig } from './config/config.js';
import { LANE_MODULE } from './embedded-flow.js';
import type { HealthPart } from './health.js';
import type { LaneStatus } from './lane-status.js';
import { type KafkaLane, prepareTopics, spreadTopics, topicsOf } from './lanes/kafka-lane.js';
import type { LaneReport, LaneTask, ProcessorLaneSpec, StateAnswer, StateQuery } from './lanes/lane.js';
import { logIdentity } from './log-identity.js';
import { Scheduler } from './scheduler.js';
import type { StateSource } from './state-page.js';

/** Lanes of a worker wait for Kafka side by side. */
const TASKS_AT_ONCE = 256;
/** A partition that may go elsewhere is worth so long a wait for its newest state to be in the changelog. */
const HAND_OVER_MS = 5_000;
/** At the end lanes do not catch up: another process does, or this one after its start. */
const STOP_GRACE_MS = 0;
const COMMIT_MS = 5_000;
/** How soon a topic that a stream was the first to name is read. */
const LOOK_MS = 2_000;
const AGAIN_MS = 2_000;

/** The partitions that this process owns, as a member of the group of processes, and the lanes that run on them. */
export class Partitions implements StateSource {
  private membership: Membership | null = null;
  private joining: Promise<void> = Promise.resolve();
  private fault: string | null = 'joining the group of processes';
  /** Topics of the bus with what devices send. */
  private inputs: string[];
  /** Partitions that this process reads. */
  owned: readonly number[] = [];
  private making: Promise<void> | null = null;
  private stopping = false;
  private readonly committing: NodeJS.Timeout;
  private readonly looking: NodeJS.Timeout | null;

  private constructor(
    private readonly config: Config,
    private readonly kafka: KafkaConfig,
    private readonly lane: KafkaLane,
    private readonly identity: LogBus,
    private readonly pool: WorkerPool<LaneTask, LaneReport>,
    private readonly scheduler: Scheduler,
    private readonly control: BranchControl,
    private readonly logger: Logger,
  ) {
    this.committing = setInterval(() => void this.tend(), COMMIT_MS);
    this.inputs = lane.spread ? [] : [TELEMETRY_TOPIC];
    this.looking = lane.spread ? setInterval(() => void this.look(), LOOK_MS) : null;
  }

  /** Begins to join; where Kafka cannot be reached it goes on trying. */
  static async start(
    config: Config,
    kafka: KafkaConfig,
    laneOf: (instance: string) => KafkaLane,
    logger: Logger,
  ): Promise<Partitions> {
    const identity = openIdentity(join(kafka.stateDir, 'process'));
    const instance = await logIdentity(identity);
    const pool = new WorkerPool<LaneTask, LaneReport>(LANE_MODULE, config.workers, TASKS_AT_ONCE);
    const names = config.sinks.map(({ name }) => name);
    const control = new BranchControl(busFolders(config).branches, names, logger);
    const isPaused = (branch: string) => control.isPaused(branch);
    const scheduler = new Scheduler(pool, {
      logger,
      isPaused,
      positions(spec, positions) {
        if (spec.kind === 'branch') control.reached(spec.name, positions);
      },
    });
    control.start(scheduler.branches);
    const partitions = new Partitions(config, kafka, laneOf(instance), identity, pool, scheduler, control, logger);
    partitions.joining = partitions.join();
    return partitions;
  }

  get statuses(): LaneStatus[] {
    return this.scheduler.statuses;
  }

  inspect(query: StateQuery, isWanted: (spec: ProcessorLaneSpec) => boolean): Promise<(StateAnswer | null)[]> {
    return this.scheduler.inspect(query, isWanted);
  }

  get health(): HealthPart {
    const { membership } = this;
    const facts = {
      group: this.kafka.group,
      state: membership?.state ?? 'joining',
      owned: [...(membership?.partitions ?? [])],
      generation: membership?.generation ?? -1,
    };
    return { name: 'group', fault: this.fault, facts };
  }

  metrics(page: MetricsPage): void {
    page.gauge('pitwall_partitions_owned', 'Partitions that this process reads.', () => {
      return this.membership?.partitions.length ?? 0;
    });
    page.gauge('pitwall_group_member', '1 while this process is a member of the group of processes.', () => {
      return this.membership?.state === 'member' ? 1 : 0;
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.committing);
    if (this.looking) clearInterval(this.looking);
    await this.scheduler.stop(STOP_GRACE_MS);
    this.control.stop();
    await this.commit();
    await settles(this.joining, AGAIN_MS);
    await this.membership?.close();
    await this.pool.close();
    await this.identity.close();
  }

  private async join(): Promise<void> {
    const { connection, group } = this.kafka;
    const { partitions } = this.config.bus.log;
    const { instance } = this.lane;
    // One that is there in any case.
    const topic = topicsOf(this.lane).of(this.lane.spread ? DEAD_LETTERS_TOPIC : TELEMETRY_TOPIC);
    while (!this.stopping) {
      try {
        for (const warning of await prepareTopics(this.lane)) this.logger.warn(warning);
        await this.look();
        const membership = await Membership.start(
          connection,
          { groupId: group, topic, partitions, instance, clientId: `pitwall-${instance}-group`, logger: this.logger },
          {
            assigned: (owned) => this.assigned(owned),
            rebalancing: () => this.scheduler.handOver(HAND_OVER_MS),
            lost: (reason) => this.lost(reason),
          },
        );
        // It was told to end meanwhile, and `stop` may not have waited so long.
        if (this.stopping) await membership.close();
        else this.membership = membership;
        return;
      } catch (error) {
        const message = error instanceof PitwallError ? error.message : String(error);
        if (this.fault !== message) this.logger.error(`cannot join the group ${group} and tries again: ${message}`);
        this.fault = message;
      }
      await sleep(AGAIN_MS);
    }
  }

  /** Finds topics that have come, where what devices send is spread over several. */
  private async look(): Promise<void> {
    const { spread } = this.lane;
    if (!spread) return;
    try {
      const inputs = (await spreadTopics(this.lane, spread)).map(telemetryIn);
      const come = inputs.filter((input) => !this.inputs.includes(input));
      if (come.length === 0 || this.stopping) return;
      this.inputs = [...this.inputs, ...come].sort();
      this.logger.info('reads further topics', { topics: come.map((input) => topicsOf(this.lane).of(input)) });
      this.run();
    } catch (error) {
      this.logger.debug(`the topics could not be listed: ${(error as Error).message}`);
    }
  }

  private assigned(owned: number[]): void {
    this.fault = null;
    this.owned = owned;
    this.run();
  }

  private lost(reason: PitwallError): void {
    this.fault = reason.message;
    this.logger.error(`the partitions are another's now: ${reason.message}`);
    this.owned = [];
    this.run();
  }

  private run(): void {
    if (this.stopping) return;
    this.scheduler.update(buildLanes(this.config, this.lane, this.owned, this.inputs)).catch((error: unknown) => {
      this.logger.error('lanes could not be changed', { error: String((error as Error)?.stack ?? error) });
    });
  }

  private async tend(): Promise<void> {
    await this.commit();
    // A topic of the bus may have been deleted.
    if (this.making || !this.statuses.some(({ state }) => state === 'retrying')) return;
    this.making = prepareTopics(this.lane)
      .then((warnings) => {
        for (const warning of warnings) this.logger.warn(warning);
      })
      .catch((error: Error) => this.logger.debug(`the topics could not be made: ${error.message}`))
      .finally(() => {
        this.making = null;
      });
  }

  /** The least that any lane has made durable, so that Kafka's own tools show how far behind the group is. */
  private async commit(): Promise<void> {
    const least = new Map<string, TopicOffset>();
    const topics = topicsOf(this.lane);
    for (const { topic, partition, offset } of this.statuses.flatMap(({ positions }) => positions)) {
      const name = `${topic}/${partition}`;
      const known = least.get(name)?.offset ?? offset;
      least.set(name, { topic: topics.of(topic), partition, offset: Math.min(known, offset) });
    }
    await this.membership?.commit([...least.values()]);
  }
}

/** Held as long as the process runs, so that no two share a state folder. */
function openIdentity(dir: string): LogBus {
  try {
    return LogBus.open({ dir, partitions: 1 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PitwallError('bus-failed', `bus.kafka.state: ${why}; each process needs a state folder of its own`, {
      stage: 'pipeline',
      cause,
    });
  }
}
