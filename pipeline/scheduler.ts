import type { Logger } from '../core/logger.js';
import { settles } from '../core/settles.js';
import type { ThreadEnded } from '../processors/thread-ended.js';
import type { WorkerPool } from '../processors/worker-pool.js';
import type { Position } from '../sinks/sink.js';
import { BranchCommands } from './branches/branch-commands.js';
import { type LaneEntry, newLaneEntry } from './lane-entry.js';
import { begins, gotOn, type LaneStatus, succeeded } from './lane-status.js';
import type {
  LaneFault,
  LaneReport,
  LaneSpec,
  LaneTask,
  ProcessorLaneSpec,
  StateAnswer,
  StateQuery,
} from './lanes/lane.js';
import { type LaneProgress, onLaneProgress } from './lanes/lane-progress.js';
import { firstPositions, outputHolds, reads } from './lanes/lane-reads.js';
import { threadFault } from './lanes/thread-fault.js';

/** While the bus is away lanes look again this often at least: everything waits for it. */
const BUS_RETRY_MS = 2_000;
/** At the end a lane that has caught up gets so long to make durable what it holds. */
const ANSWER_MS = 5_000;

export interface SchedulerHooks {
  /** Whether a branch begins paused. */
  isPaused?(branch: string): boolean;
  /** A lane's durable positions, before anything may be dropped and after each step. */
  positions(spec: LaneSpec, positions: readonly Position[]): void;
  logger: Logger;
}

/**
 * Drives the lanes: a lane steps again while there is more to read, sleeps until something it reads has grown, and is
 * re-opened from its checkpoint with backoff after a fault. A lane that keeps failing stops, loudly; the others go on.
 */
export class Scheduler {
  private entries: LaneEntry[] = [];
  private stopping = false;
  /** It is over, though some lanes have not answered. */
  private left = false;
  private updating: Promise<void> = Promise.resolve();
  private readonly deafen: () => void;
  /** Commands to single branches. */
  readonly branches: BranchCommands;

  constructor(
    private readonly pool: WorkerPool<LaneTask, LaneReport>,
    private readonly hooks: SchedulerHooks,
  ) {
    this.branches = new BranchCommands(
      (name) => this.entries.find(({ spec, leaving }) => spec.kind === 'branch' && spec.name === name && !leaving),
      (entry) => this.wake(entry),
      () => this.stopping,
    );
    this.deafen = onLaneProgress((progress) => this.hear(progress));
    pool.notStarted = (worker, fault, attempt) => this.notStarted(worker, fault, attempt);
  }

  /** Opens all lanes; resolves when each has said where it reads on, or has failed. Then they run. */
  async start(specs: readonly LaneSpec[]): Promise<void> {
    const fresh = specs.map((spec, index) => newLaneEntry(spec, index, this.isPaused(spec)));
    this.entries.push(...fresh);
    // Those that write logs come first: within a process a log cannot be opened for writing after it was for reading.
    for (const group of groups(fresh)) await Promise.all(group.map((entry) => this.open(entry)));
    for (const { spec, status } of fresh) {
      // A lane that could not say where it is may need everything.
      if (status.positions.length === 0) status.positions = firstPositions(spec);
      this.hooks.positions(spec, status.positions);
    }
    for (const entry of fresh) entry.loop = this.run(entry);
  }

  /**
   * From now on these lanes run: those that are not among them end, with what they hold made durable, and new ones are
   * opened. A lane whose specification has changed is one and the other. One call after the other.
   */
  update(specs: readonly LaneSpec[]): Promise<void> {
    this.updating = this.updating.then(() => this.replace(specs));
    return this.updating;
  }

  /**
   * Makes durable what running lanes hold, before partitions may go elsewhere. Waits for at most `graceMs`. Processors go
   * on: what they write twice is known by its origin. Branches wait for the next `update`, since the next owner of a
   * partition writes to its store what comes after their checkpoint.
   */
  async handOver(graceMs: number): Promise<void> {
    for (const entry of this.entries) entry.held = entry.spec.kind === 'branch';
    const all = this.entries.filter(({ status, leaving }) => status.state === 'running' && !leaving);
    const done = all.map((entry) => {
      return new Promise<void>((resolve) => {
        entry.finished?.();
        entry.finished = resolve;
        this.wake(entry);
      });
    });
    await settles(Promise.all(done), graceMs);
  }

  private async replace(specs: readonly LaneSpec[]): Promise<void> {
    if (this.stopping) return;
    const wanted = new Map(specs.map((spec) => [spec.id, JSON.stringify(spec)]));
    const ended = this.entries.filter(({ spec }) => wanted.get(spec.id) !== JSON.stringify(spec));
    for (const entry of ended) {
      entry.leaving = true;
      this.wake(entry);
    }
    await Promise.all(ended.map((entry) => this.end(entry)));
    this.entries = this.entries.filter((entry) => !ended.includes(entry));
    for (const entry of this.entries) {
      entry.held = false;
      this.wake(entry);
    }
    const running = new Set(this.entries.map(({ spec }) => spec.id));
    await this.start(specs.filter((spec) => !running.has(spec.id)));
  }

  private async end(entry: LaneEntry): Promise<void> {
    await entry.loop;
    if (entry.status.state === 'running') await this.act(entry, 'finish');
    await this.act(entry, 'close');
  }

  private isPaused(spec: LaneSpec): boolean {
    return spec.kind === 'branch' && (this.hooks.isPaused?.(spec.name) ?? false);
  }

  private async rest(entry: LaneEntry): Promise<void> {
    const { status } = entry;
    if (status.state === 'running' && status.records > 0) await this.act(entry, 'finish');
    await this.act(entry, 'close');
    status.state = 'paused';
    status.error = null;
  }

  get statuses(): LaneStatus[] {
    return this.entries.map((entry) => entry.status);
  }

  /**
   * Asks processor lanes of what they hold, beside their steps; what is wrong with an answer is no news of the lane. Null
   * for a lane that cannot say.
   */
  async inspect(query: StateQuery, isWanted: (spec: ProcessorLaneSpec) => boolean): Promise<(StateAnswer | null)[]> {
    const asked = this.entries.flatMap(({ spec, worker }) => {
      if (spec.kind !== 'processors' || !isWanted(spec)) return [];
      return [
        this.pool
          .run(worker, { action: 'inspect', spec, holds: [], query })
          .catch((error) => threadFault(error, spec.id)),
      ];
    });
    return (await Promise.all(asked)).map(({ state }) => state ?? null);
  }

  /** Something was appended to a topic. */
  grew(topic: string): void {
    for (const entry of this.entries) if (reads(entry.spec, topic)) this.wake(entry);
  }

  /**
   * Lets lanes catch up for at most `graceMs`, makes all they hold durable, and closes them. A lane that does not answer
   * soon after is left: it will go on at its checkpoint.
   */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    this.deafen();
    for (const entry of this.entries) this.wake(entry);
    if (await settles(this.finish(performance.now() + graceMs), graceMs + ANSWER_MS)) return;
    this.left = true;
    this.hooks.logger.error('lanes do not answer and are left at their checkpoints', {
      lanes: this.entries.filter((entry) => entry.status.acting).map((entry) => entry.spec.id),
    });
  }

  private async finish(deadline: number): Promise<void> {
    await this.updating;
    await Promise.all(this.entries.map((entry) => entry.loop));
    for (const group of groups(this.entries)) await Promise.all(group.map((entry) => this.catchUp(entry, deadline)));
    await Promise.all(this.entries.map((entry) => this.act(entry, 'close')));
  }

  private async catchUp(entry: LaneEntry, deadline: number): Promise<void> {
    if (entry.status.state !== 'running') return;
    let report = await this.act(entry, 'step');
    while (report.more && !report.fault && performance.now() < deadline) report = await this.act(entry, 'step');
    if (!report.fault) await this.act(entry, 'finish');
  }

  private async run(entry: LaneEntry): Promise<void> {
    while (!this.stopping && !entry.leaving) {
      const { status, finished } = entry;
      if (finished) {
        if (status.state === 'running') await this.act(entry, 'finish');
        entry.finished = null;
        finished();
        continue;
      }
      if (entry.paused) {
        if (status.state !== 'paused') await this.rest(entry);
        await this.sleep(entry, null, true);
        continue;
      }
      if (status.state === 'stopped') {
        await this.sleep(entry, null, true);
        continue;
      }
      if (entry.held) {
        await this.sleep(entry, null, true);
        continue;
      }
      if (status.state === 'retrying' || status.state === 'paused') {
        await this.sleep(entry, status.state === 'paused' ? 0 : entry.retryMs, false);
        if (this.stopping || entry.leaving) return;
        if (entry.held || entry.paused) continue;
        await this.open(entry);
        continue;
      }
      const report = await this.act(entry, 'step');
      if (report.fault || report.more) continue;
      await this.sleep(entry, report.wakeMs, true);
    }
  }

  private async open(entry: LaneEntry): Promise<void> {
    const report = await this.act(entry, 'open');
    if (report.fault) return;
    entry.rewind = null;
    entry.status.state = 'running';
    if (entry.threadless) entry.status.error = null;
    entry.threadless = false;
  }

  /** Said once for all lanes of the worker. */
  private notStarted(worker: number, { message, againMs }: ThreadEnded, attempt: number): void {
    const hit = this.entries.filter((entry) => this.pool.workerOf(entry.worker) === worker);
    const lanes = hit.map(({ spec }) => spec.id);
    const facts = { attempt, error: message, againMs, lanes };
    this.hooks.logger.error('a worker thread could not be started, and its lanes stand until it is', facts);
    // Those that sleep stand as well.
    for (const entry of hit) this.wake(entry);
  }

  private hear({ lane, text, ended }: LaneProgress): void {
    const entry = this.entries.find(({ spec }) => spec.id === lane);
    if (!entry) return;
    entry.status.progress = ended ? null : text;
    if (text !== null) this.hooks.logger.info(text, { lane });
  }

  private async act(entry: LaneEntry, action: LaneTask['action']): Promise<LaneReport> {
    const { spec, status } = entry;
    const holds = spec.kind === 'processors' ? outputHolds(spec, this.entries) : [];
    begins(status);
    const opening = action === 'open' ? { rewind: entry.rewind ?? [] } : {};
    const report = await this.pool
      .run(entry.worker, { action, spec, holds, ...opening })
      .catch((error) => threadFault(error, spec.id));
    status.acting = false;
    // What comes of a task whose thread is being ended is no news.
    if (this.left) return report;
    for (const warning of report.warnings) this.hooks.logger.warn(warning, { lane: spec.id });
    if (action === 'close') {
      if (report.fault) this.hooks.logger.warn(`${spec.id} did not close: ${report.fault.message}`);
      return report;
    }
    if (report.fault) {
      this.fault(entry, report.fault);
      return report;
    }
    if (action !== 'open' && gotOn(spec, status, report)) {
      entry.retry.succeed();
      status.error = null;
    }
    succeeded(status, report);
    if (report.dropped > 0) {
      this.hooks.logger.error('records were dropped before this lane read them', {
        lane: spec.id,
        records: report.dropped,
      });
    }
    this.hooks.positions(spec, report.positions);
    for (const topic of report.wrote) this.grew(topic);
    return report;
  }

  private fault(entry: LaneEntry, { message, retryable, bus, lost, againMs = null, retryAfterMs }: LaneFault): void {
    const { status } = entry;
    entry.threadless = againMs !== null;
    if (againMs !== null) {
      entry.retryMs = againMs;
      status.state = 'retrying';
      status.error = message;
      return;
    }
    if (lost) {
      entry.retryMs = 0;
      status.state = 'retrying';
      this.hooks.logger.warn(`${entry.spec.id} is opened again at its checkpoint: ${message}`);
      return;
    }
    const waitMs = entry.retry.fail() ?? (bus ? BUS_RETRY_MS : null);
    entry.retryMs = bus ? Math.min(waitMs ?? 0, BUS_RETRY_MS) : Math.max(waitMs ?? 0, retryAfterMs ?? 0);
    const isNews = status.error !== message;
    status.error = message;
    status.state = retryable && waitMs !== null ? 'retrying' : 'stopped';
    // A bus that is away for an hour is said once, not every two seconds.
    if (bus && !isNews) return;
    const then = status.state === 'stopped' ? 'stays stopped at its checkpoint; nothing is lost' : 'tries again';
    this.hooks.logger.error(`${entry.spec.id} failed and ${then}`, { attempt: entry.retry.attempts, error: message });
  }

  private wake(entry: LaneEntry): void {
    entry.awake = true;
    entry.wake?.();
  }

  /** Sleeps until woken or for `ms` (null = until woken). */
  private async sleep(entry: LaneEntry, ms: number | null, wakeable: boolean): Promise<void> {
    if (wakeable && entry.awake) {
      entry.awake = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = ms === null ? null : setTimeout(resolve, ms);
      entry.wake = () => {
        if (!wakeable && !this.stopping && !entry.leaving && !entry.summoned) return;
        if (timer) clearTimeout(timer);
        resolve();
      };
    });
    entry.wake = null;
    entry.awake = false;
    entry.summoned = false;
  }
}

/** Processors, then the branches that read what they write. */
function groups(entries: readonly LaneEntry[]): LaneEntry[][] {
  const isBranch = ({ spec }: LaneEntry) => spec.kind === 'branch';
  return [entries.filter((entry) => !isBranch(entry)), entries.filter(isBranch)];
}
