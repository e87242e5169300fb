import { TELEMETRY_TOPIC } from '../bus/bus.js';
import type { Logger } from '../core/logger.js';
import type { WorkerPool } from '../processors/worker-pool.js';
import { Retry } from '../sinks/retry.js';
import type { Position } from '../sinks/sink.js';
import { emptyReport, type LaneReport, type LaneSpec, type LaneTask } from './lanes/lane.js';

/**
 * A processor's fault that no retry has mended after so many attempts leaves it stopped: it takes a fix. A store comes
 * back some time, so its branch tries for ever.
 */
const PROCESSOR_ATTEMPTS_MAX = 6;
const RETRY = { firstMs: 500, minMs: 200, maxMs: 30_000 };

export interface LaneStatus {
  id: string;
  state: 'opening' | 'running' | 'retrying' | 'stopped';
  error: string | null;
  rows: number;
  outputRows: number;
  dropped: number;
  outputLag: number;
  lateRows: number;
  positions: Position[];
}

interface Entry {
  spec: LaneSpec;
  worker: number;
  status: LaneStatus;
  retry: Retry;
  /** How long to wait before the next attempt. */
  retryMs: number;
  wake: (() => void) | null;
  awake: boolean;
  /** Its worker has a task of it. */
  acting: boolean;
  loop: Promise<void>;
}

export interface SchedulerHooks {
  /** A lane's durable positions, before anything may be dropped and after each step. */
  positions(spec: LaneSpec, positions: readonly Position[]): void;
  logger: Logger;
}

/**
 * Drives the lanes: a lane steps again while there is more to read, sleeps until something it reads has grown, and is
 * re-opened from its checkpoint with backoff after a fault. A lane that keeps failing stops, loudly; the others go on.
 */
export class Scheduler {
  private readonly entries: Entry[] = [];
  private stopping = false;

  constructor(
    private readonly pool: WorkerPool<LaneTask, LaneReport>,
    private readonly hooks: SchedulerHooks,
  ) {}

  /** Opens all lanes; resolves when each has said where it reads on, or has failed. Then they run. */
  async start(specs: readonly LaneSpec[]): Promise<void> {
    for (const spec of specs) {
      const worker = spec.kind === 'processors' ? spec.partition : this.entries.length;
      const status: LaneStatus = {
        id: spec.id,
        state: 'opening',
        error: null,
        rows: 0,
        outputRows: 0,
        dropped: 0,
        outputLag: 0,
        lateRows: 0,
        positions: [],
      };
      this.entries.push({
        spec,
        worker,
        status,
        retry: new Retry(spec.kind === 'processors' ? { ...RETRY, attemptsMax: PROCESSOR_ATTEMPTS_MAX } : RETRY),
        retryMs: 0,
        wake: null,
        awake: false,
        acting: false,
        loop: Promise.resolve(),
      });
    }
    // Those that write logs come first: within a process a log cannot be opened for writing after it was for reading.
    for (const group of this.groups()) await Promise.all(group.map((entry) => this.open(entry)));
    for (const { spec, status } of this.entries) {
      // A lane that could not say where it is may need everything.
      if (status.positions.length === 0) status.positions = firstPositions(spec);
      this.hooks.positions(spec, status.positions);
    }
    for (const entry of this.entries) entry.loop = this.run(entry);
  }

  get statuses(): LaneStatus[] {
    return this.entries.map((entry) => entry.status);
  }

  /** Something was appended to a topic. */
  grew(topic: string): void {
    for (const entry of this.entries) if (reads(entry.spec, topic)) this.wake(entry);
  }

  /**
   * Lets lanes catch up for at most `graceMs`, makes all they hold durable, and closes them. A lane that does not answer
   * within twice that time is left: it will go on at its checkpoint.
   */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    for (const entry of this.entries) this.wake(entry);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.hooks.logger.error('lanes do not answer and are left at their checkpoints', {
          lanes: this.entries.filter((entry) => entry.acting).map((entry) => entry.spec.id),
        });
        resolve();
      }, 2 * graceMs);
    });
    await Promise.race([this.finish(performance.now() + graceMs), late]);
    clearTimeout(timer);
  }

  private async finish(deadline: number): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.loop));
    for (const group of this.groups()) await Promise.all(group.map((entry) => this.catchUp(entry, deadline)));
    await Promise.all(this.entries.map((entry) => this.act(entry, 'close')));
  }

  /** Processors, then the branches that read what they write. */
  private groups(): Entry[][] {
    return (['processors', 'branch'] as const).map((kind) => this.entries.filter(({ spec }) => spec.kind === kind));
  }

  private async catchUp(entry: Entry, deadline: number): Promise<void> {
    if (entry.status.state !== 'running') return;
    let report = await this.act(entry, 'step');
    while (report.more && !report.fault && performance.now() < deadline) report = await this.act(entry, 'step');
    if (!report.fault) await this.act(entry, 'finish');
  }

  private async run(entry: Entry): Promise<void> {
    while (!this.stopping) {
      const { status } = entry;
      if (status.state === 'stopped') return;
      if (status.state === 'retrying') {
        await this.sleep(entry, entry.retryMs, false);
        if (this.stopping) return;
        await this.open(entry);
        continue;
      }
      const report = await this.act(entry, 'step');
      if (report.fault || report.more) continue;
      await this.sleep(entry, report.wakeMs, true);
    }
  }

  private async open(entry: Entry): Promise<void> {
    const report = await this.act(entry, 'open');
    if (!report.fault) entry.status.state = 'running';
  }

  private async act(entry: Entry, action: LaneTask['action']): Promise<LaneReport> {
    const { spec, status } = entry;
    const holds = spec.kind === 'processors' ? this.outputHolds(spec) : [];
    entry.acting = true;
    const report = await this.pool.run(entry.worker, { action, spec, holds }).catch(threadFault);
    entry.acting = false;
    for (const warning of report.warnings) this.hooks.logger.warn(warning, { lane: spec.id });
    if (action === 'close') {
      if (report.fault) this.hooks.logger.warn(`${spec.id} did not close: ${report.fault.message}`);
      return report;
    }
    if (report.fault) {
      this.fault(entry, report.fault.message, report.fault.retryable);
      return report;
    }
    if (action !== 'open' && report.records > 0) {
      entry.retry.succeed();
      status.error = null;
    }
    status.rows += report.rows;
    status.outputRows += report.outputRows;
    status.dropped += report.dropped;
    status.outputLag = report.outputLag;
    if (report.records > 0) status.lateRows = report.lateRows;
    status.positions = report.positions;
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

  private fault(entry: Entry, message: string, retryable: boolean): void {
    const { status } = entry;
    const waitMs = entry.retry.fail();
    entry.retryMs = waitMs ?? 0;
    status.error = message;
    status.state = retryable && waitMs !== null ? 'retrying' : 'stopped';
    const then = status.state === 'stopped' ? 'stays stopped at its checkpoint; nothing is lost' : 'tries again';
    this.hooks.logger.error(`${entry.spec.id} failed and ${then}`, { attempt: entry.retry.attempts, error: message });
  }

  /** What every branch has read of the outputs on this lane's partition, whose log is shared by all its processors. */
  private outputHolds(spec: LaneSpec & { kind: 'processors' }): Position[] {
    const holds = new Map<string, Position>();
    for (const { spec: other, status } of this.entries) {
      if (other.kind !== 'branch') continue;
      for (const position of status.positions) {
        if (position.partition !== spec.partition || position.topic === TELEMETRY_TOPIC) continue;
        const known = holds.get(position.topic);
        if (!known || position.offset < known.offset) holds.set(position.topic, position);
      }
    }
    return [...holds.values()];
  }

  private wake(entry: Entry): void {
    entry.awake = true;
    entry.wake?.();
  }

  /** Sleeps until woken or for `ms` (null = until woken). */
  private async sleep(entry: Entry, ms: number | null, wakeable: boolean): Promise<void> {
    if (wakeable && entry.awake) {
      entry.awake = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = ms === null ? null : setTimeout(resolve, ms);
      entry.wake = () => {
        if (!wakeable && !this.stopping) return;
        if (timer) clearTimeout(timer);
        resolve();
      };
    });
    entry.wake = null;
    entry.awake = false;
  }
}

/** The thread died in the task. */
function threadFault(error: Error): LaneReport {
  return { ...emptyReport(), fault: { message: `its worker thread ended: ${error.message}`, retryable: true } };
}

function reads(spec: LaneSpec, topic: string): boolean {
  if (topic === TELEMETRY_TOPIC) return spec.kind === 'processors' || spec.patterns.length > 0;
  return spec.kind === 'branch' && spec.processors.includes(topic);
}

function firstPositions(spec: LaneSpec): Position[] {
  if (spec.kind === 'processors') return [{ topic: TELEMETRY_TOPIC, partition: spec.partition, offset: 0 }];
  const topics = [...(spec.patterns.length > 0 ? [TELEMETRY_TOPIC] : []), ...spec.processors];
  return topics.flatMap((topic) =>
    Array.from({ length: spec.partitions }, (_, partition) => ({ topic, partition, offset: 0 })),
  );
}
