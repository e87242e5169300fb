import { PitwallError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { blockFootprint } from './block-format.js';
import type { LogCommit } from './log-commit.js';
import type { LogStore } from './log-store.js';
import type { Drop, Retention } from './retention.js';
import { Transaction } from './transaction.js';
import type { WriterClaim } from './writer-claim.js';

/** Commits that wait are made durable together, up to here: LMDB copies a transaction's pages before it writes them. */
const GROUP_BYTES_MAX = 32 * 1024 * 1024;
const RETRY_WHEN_FULL_MS = 250;

/** Writes commits in the order they were begun, one transaction at a time. */
export class CommitQueue {
  storedBytes: number;
  topics: number;
  full = false;
  private readonly commits: LogCommit[] = [];
  private running: Promise<void> | null = null;
  private closed = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly store: LogStore,
    private readonly claim: WriterClaim,
    private readonly retention: Retention,
    private readonly nowUs: () => number,
    private readonly onDurable: (commits: readonly LogCommit[]) => void,
    private readonly logger: Logger | undefined,
    state: { storedBytes: number; topics: number },
  ) {
    this.storedBytes = state.storedBytes;
    this.topics = state.topics;
  }

  add(commit: LogCommit): void {
    if (this.closed) throw closedError();
    this.commits.push(commit);
  }

  submit(commit: LogCommit): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      commit.resolve = resolve;
      commit.reject = reject;
    });
    this.run();
    return promise;
  }

  /** Something changed that may let a waiting commit go on. */
  run(): void {
    this.wake?.();
    if (this.running) return;
    if (this.commits.length > 0 && this.commits[0]!.state !== 'open') {
      this.running = this.drain().finally(() => {
        this.running = null;
        this.run();
      });
    }
  }

  /** Waits for what is submitted; what waits for room, or for an earlier commit that stays open, is refused. */
  async close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    while (this.running) await this.running;
    for (const commit of this.commits.splice(0)) {
      const submitted = commit.state === 'submitted';
      commit.finish();
      if (submitted) commit.reject(closedError());
    }
  }

  private async drain(): Promise<void> {
    for (let group = this.take(); group.length > 0; group = this.take()) {
      try {
        await this.write(group);
        for (const commit of group) commit.finish();
        for (const commit of group) commit.resolve();
      } catch (error) {
        for (const commit of group) commit.finish();
        for (const commit of group) commit.reject(error);
      }
    }
  }

  /** The commits that go into the next transaction. */
  private take(): LogCommit[] {
    const group: LogCommit[] = [];
    let bytes = 0;
    while (this.commits.length > 0) {
      const commit = this.commits[0]!;
      if (commit.state === 'open' || (group.length > 0 && bytes + commit.bytes > GROUP_BYTES_MAX)) break;
      this.commits.shift();
      if (commit.state === 'done') continue;
      group.push(commit);
      bytes += commit.bytes;
    }
    return group;
  }

  private async write(group: readonly LogCommit[]): Promise<void> {
    const commits = group.filter((commit) => !commit.isEmpty);
    if (commits.length === 0) return;
    const drops = await this.room(commits);
    await this.transact(commits, drops);
    this.onDurable(commits);
  }

  /** Waits until the log takes the commits, and says what is to be dropped with them. */
  private async room(commits: readonly LogCommit[]): Promise<Drop[]> {
    let bytes = 0;
    let blocks = 0;
    for (const commit of commits) {
      for (const part of commit.parts.values()) {
        for (const block of part.blocks) bytes += blockFootprint(block.bytes);
        blocks += part.blocks.length;
      }
    }
    for (;;) {
      const plan = this.retention.plan(this.storedBytes, bytes, blocks, this.nowUs());
      // Facts alone (positions, sequence numbers) must get in, or readers could never move on.
      if (!plan.full || blocks === 0) {
        if (this.full) this.logger?.info('the log has room again', { dir: this.store.dir });
        this.full = false;
        return plan.drops;
      }
      if (plan.drops.length > 0) {
        await this.transact([], plan.drops);
        continue;
      }
      if (!this.full) {
        this.logger?.warn('the log is full and holds writers back until its readers move on', {
          dir: this.store.dir,
          storedBytes: this.storedBytes,
        });
      }
      this.full = true;
      if (this.closed) throw closedError();
      await this.change();
    }
  }

  private async transact(commits: readonly LogCommit[], drops: readonly Drop[]): Promise<void> {
    this.store.dropDeadReaders();
    const transaction = new Transaction(this.store, commits, drops, this.nowUs(), this.topics);
    await this.store.commit(this.claim.key, this.claim.epoch, () => transaction.fill());
    this.storedBytes += transaction.apply();
    this.topics += transaction.newTopics;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, RETRY_WHEN_FULL_MS);
      this.wake = done;
    });
  }
}

function closedError(): PitwallError {
  return new PitwallError('bus-failed', 'the log is closed', { stage: 'bus' });
}
