import type { Batch } from '../columnar/batch.js';
import { rowsToJson } from '../columnar/row-json.js';
import type { ByteBudget } from '../core/byte-budget.js';
import type { Logger } from '../core/logger.js';
import { settles } from '../core/settles.js';
import type { CutWriter, GatewayStore } from './gateway-store.js';
import type { LiveFeed } from './live-feed.js';
import type { Source } from './source.js';

/** A cut is committed at this age when nothing is being committed: long enough to collect a burst, short for one device. */
const CUT_AGE_MS = 2;
/** … or at once at this size. */
const CUT_BYTES = 1024 * 1024;

interface Cut {
  id: number;
  writer: CutWriter;
  sources: Source[];
  bytes: number;
  live: { stream: string; payload: string }[];
}

export interface CutHooks {
  /** The cut is about to be committed: what is still in builders goes into it now. */
  closing(cut: number): void;
  /** A commit became durable. */
  durable(): void;
  /** A commit failed: what was learned with it is not stored. */
  failed(): void;
}

/**
 * The group commit. All that is accepted goes into the open cut; while one cut is being made durable the next one
 * fills, and is closed as soon as the first is durable. So the batch grows with the load and the disk sets the pace.
 * When a cut is durable each source in it is told once, and the memory budget gets its bytes back.
 */
export class CutCycle {
  readonly statistics = { cuts: 0, failedCuts: 0, totalCommitMs: 0 };
  private open: Cut;
  private committing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private scheduled = false;

  constructor(
    private readonly store: GatewayStore,
    private readonly budget: ByteBudget,
    private readonly feed: LiveFeed,
    private readonly logger: Logger,
    private readonly hooks: CutHooks,
  ) {
    this.open = this.begin(1);
  }

  /** The open cut's writer. */
  get writer(): CutWriter {
    return this.open.writer;
  }

  /** Notes that `source` has something in the open cut that holds so many bytes. */
  join(source: Source, bytes: number): number {
    const cut = this.open;
    if (source.lastCut !== cut.id) {
      source.lastCut = cut.id;
      cut.sources.push(source);
    }
    cut.bytes += bytes;
    this.budget.take(bytes);
    if (this.committing === null && !this.scheduled) this.schedule();
    return cut.id;
  }

  /** Shows rows to live subscribers once the cut is durable. */
  live(stream: string, batch: () => Batch): void {
    if (this.feed.active) this.open.live.push({ stream, payload: rowsToJson(batch()) });
  }

  /** Commits all there is; false when that is not durable within `withinMs`, as when the bus is full and holds. */
  async drain(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (this.committing !== null || this.open.sources.length > 0) {
      if (this.committing === null) this.close();
      if (this.committing !== null && !(await settles(this.committing, deadline - performance.now()))) return false;
    }
    return true;
  }

  /** Nothing more is taken. What is not durable by now is given up: nobody was told that it is. */
  end(): void {
    if (this.timer) clearTimeout(this.timer);
    this.open.sources.length = 0;
    this.open.writer.abandon();
  }

  private begin(id: number): Cut {
    return { id, writer: this.store.begin(), sources: [], bytes: 0, live: [] };
  }

  private schedule(): void {
    if (this.open.bytes >= CUT_BYTES) {
      this.scheduled = true;
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      setImmediate(() => this.close());
    } else {
      this.timer ??= setTimeout(() => this.close(), CUT_AGE_MS);
    }
  }

  private close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.scheduled = false;
    const cut = this.open;
    if (this.committing !== null || cut.sources.length === 0) return;
    const start = performance.now();
    let commit: Promise<void>;
    try {
      const setFact = cut.writer.setFact.bind(cut.writer);
      for (const source of cut.sources) source.sealing?.(cut.id, setFact);
      this.hooks.closing(cut.id);
      this.open = this.begin(cut.id + 1);
      commit = cut.writer.commit();
    } catch (error) {
      // Half of it must not become durable.
      cut.writer.abandon();
      commit = Promise.reject(error);
    }
    this.committing = commit.then(
      () => this.durable(cut, performance.now() - start),
      (error) => this.failed(cut, error),
    );
  }

  private durable(cut: Cut, ms: number): void {
    this.statistics.cuts++;
    this.statistics.totalCommitMs += ms;
    this.finish(cut);
    for (const source of cut.sources) this.tell(source, () => source.durable(cut.id));
    this.hooks.durable();
    for (const { stream, payload } of cut.live) this.feed.publish(stream, Buffer.from(payload));
  }

  /**
   * Nothing of the cut is stored, so nothing that came after it may be either: a device's later messages must not
   * become durable before its earlier ones. The open cut falls with it.
   */
  private failed(cut: Cut, error: Error): void {
    this.statistics.failedCuts++;
    this.logger.error('a commit failed: nothing of it is stored, its devices are disconnected and will send again', {
      error: error.message,
    });
    const next = this.open;
    this.hooks.failed();
    next.writer.abandon();
    try {
      this.open = this.begin(next.id + 1);
    } catch {
      // The store is closed: this was the last commit, and nobody is left to be told.
      this.committing = null;
      next.sources.length = 0;
      return;
    }
    if (next !== cut) this.budget.release(next.bytes);
    this.finish(cut);
    const reason = 'the gateway could not store the message; send it again';
    for (const source of new Set([...cut.sources, ...next.sources])) {
      this.tell(source, () => source.failed(next.id, reason));
    }
  }

  /** A fault in one source must not keep the others from hearing. */
  private tell(source: Source, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.logger.error('a connection could not be told about a commit', {
        client: source.client,
        error: String((error as Error)?.stack ?? error),
      });
    }
  }

  private finish(cut: Cut): void {
    this.committing = null;
    this.budget.release(cut.bytes);
    if (this.open.sources.length > 0 && !this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.close());
    }
  }
}
