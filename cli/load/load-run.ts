import type { Outgoing, Sender } from '../../devices/senders/sender.js';
import { addReports } from '../../devices/senders/sender-report.js';
import type { Io } from '../command.js';

const DRAIN_AFTER_SIGNAL_MS = 5000;

/** Messages after which the event loop gets a turn. */
const BREATH_EVERY = 64;

/**
 * One run of `simulate` or `replay`: ends early on SIGINT and SIGTERM, shows progress on stderr, prints the summary as
 * one line of JSON on stdout.
 */
export class LoadRun {
  private sends = 0;
  private readonly stop = new AbortController();
  readonly signal: AbortSignal = this.stop.signal;
  private readonly startMs = performance.now();
  private readonly senders: Sender[] = [];
  private opened = 0;
  /** Ends the waits of `send` on a signal, also while the gateway is away. */
  private readonly waits = new Set<() => void>();
  private timer: NodeJS.Timeout | null = null;
  private shown = { rows: 0, ms: performance.now() };

  constructor(private readonly io: Io) {}

  /**
   * Does `work`, waits for the answers, closes all connections and prints the summary with `extra`. Returns the exit
   * code: 0 when every message was answered.
   */
  async complete(work: () => Promise<void>, extra: Record<string, unknown>): Promise<number> {
    const onSignal = () => {
      this.stop.abort();
      for (const wake of this.waits) wake();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      await work();
      await this.drained();
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      const seconds = (performance.now() - this.startMs) / 1000;
      await this.close();
      if (this.opened > 0 && this.opened === this.senders.length) this.summary(seconds, extra);
    }
    return this.senders.every(({ report }) => report.acknowledged + report.rejected === report.messages) ? 0 : 1;
  }

  /** Opens a sender and counts it in. */
  async open(sender: Sender): Promise<Sender> {
    // Counted in before it is open, so that it is closed whatever happens to the others.
    this.senders.push(sender);
    await sender.open();
    this.opened++;
    this.timer ??= setInterval(() => this.progress(), this.isTerminal ? 1000 : 5000);
    return sender;
  }

  /** Sends one message; nothing when it left at once. After a signal the promise resolves whether it left or not. */
  send(sender: Sender, message: Outgoing): Promise<void> | undefined {
    const waiting = sender.send(message);
    if (waiting) return this.orSignal(waiting);
    // Sending as fast as it goes must not keep the answers from being read.
    return ++this.sends % BREATH_EVERY === 0 ? new Promise((next) => setImmediate(next)) : undefined;
  }

  private orSignal(waiting: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.waits.delete(wake);
        resolve();
      };
      this.waits.add(wake);
      waiting.then(wake, (error) => {
        this.waits.delete(wake);
        reject(error);
      });
    });
  }

  private async drained(): Promise<void> {
    const drained = Promise.all(this.senders.map((sender) => sender.drain()));
    await this.orSignal(drained);
    if (!this.signal.aborted) return;
    let late: NodeJS.Timeout | undefined;
    const enough = new Promise((resolve) => {
      late = setTimeout(resolve, DRAIN_AFTER_SIGNAL_MS);
    });
    await Promise.race([drained, enough]);
    clearTimeout(late);
  }

  private async close(): Promise<void> {
    if (this.timer) {
      clearInterval(this.timer);
      if (this.isTerminal) this.io.stderr.write('\r\u001b[K');
    }
    await Promise.all(this.senders.map((sender) => sender.close()));
  }

  private summary(seconds: number, extra: Record<string, unknown>): void {
    const { latency, reasons, ...counts } = addReports(this.senders.map((sender) => sender.report));
    const summary = {
      ...counts,
      seconds: round(seconds),
      rowsPerSecond: Math.round(counts.rows / seconds),
      ackP50Ms: round(latency.quantileMs(0.5)),
      ackP99Ms: round(latency.quantileMs(0.99)),
      ...(this.signal.aborted && { interrupted: true }),
      ...(reasons.length > 0 && { reasons }),
      ...extra,
    };
    this.io.stdout.write(`${JSON.stringify(summary)}\n`);
  }

  private get isTerminal(): boolean {
    return (this.io.stderr as NodeJS.WriteStream).isTTY === true;
  }

  private progress(): void {
    const { rows, acknowledged, rejected, reconnects } = addReports(this.senders.map((sender) => sender.report));
    const pending = this.senders.reduce((sum, sender) => sum + sender.pending, 0);
    const now = performance.now();
    const rate = Math.round(((rows - this.shown.rows) / (now - this.shown.ms)) * 1000);
    this.shown = { rows, ms: now };
    const line =
      `${Math.round((now - this.startMs) / 1000)} s: ${rows} rows, ${rate} rows/s, ${acknowledged} messages acknowledged, ` +
      `${pending} in flight, ${rejected} rejected${reconnects > 0 ? `, ${reconnects} reconnects` : ''}`;
    this.io.stderr.write(this.isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
