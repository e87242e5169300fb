import { PitwallError } from '../../core/errors.js';
import { Flights } from '../flights.js';
import type { SinkBatch } from '../sink.js';
import type { DeadLetterWriter, DeliveryOptions } from './delivery-options.js';
import type { OpenRequest } from './open-request.js';
import type { Pace } from './pace.js';
import { halves, placeOf, type RowSpan, rowsIn } from './row-spans.js';
import type { RefusedRow, Store } from './store.js';
import { StoreFault } from './store-fault.js';

/**
 * Requests under way to a store, from an `open` to the first fault, which ends them all. Where rows of a request are
 * refused, they are found by sending halves of it; then the policy says whether the branch stops or goes on without them.
 */
export class Delivery<Request> {
  private readonly flights: Flights;
  private readonly underWay = new Set<OpenRequest>();
  private skippedRows = 0;
  private deadLetters = 0;
  private taken = 0;
  private hasTimedOut = false;

  constructor(
    private readonly name: string,
    private readonly store: Store<Request>,
    private readonly options: DeliveryOptions,
    private readonly letters: DeadLetterWriter,
    private readonly pace: Pace,
  ) {
    const inFlightMax = Math.max(1, Math.min(options.inFlight, store.inFlightMax));
    this.flights = new Flights(() => pace.inFlight(inFlightMax));
  }

  open(): Promise<void> {
    return this.timed((signal) => this.store.open(signal)).catch((error: unknown) => {
      throw this.named(error);
    });
  }

  get hasFailed(): boolean {
    return this.flights.hasFailed;
  }

  get isBusy(): boolean {
    return this.flights.underWay > 0;
  }

  /** Least offset of a partition that a request under way has rows of. */
  first(topic: string, partition: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const request of this.underWay) first = Math.min(first, request.first(topic, partition));
    return first;
  }

  /** Throws what has ended it. */
  check(): void {
    this.flights.check();
  }

  /** Resolves when one more request may begin. */
  room(): Promise<void> {
    return this.flights.room();
  }

  /** `request` is null where no row of it can be written. */
  begin(open: OpenRequest, request: Request | null): void {
    this.underWay.add(open);
    this.flights.begin(0, async () => {
      try {
        await this.deliver(open, request);
      } catch (error) {
        this.noteTimeout(error);
        throw this.named(error);
      }
      this.underWay.delete(open);
      this.taken++;
      this.pace.answered();
    });
  }

  settled(): Promise<void> {
    return this.flights.settled();
  }

  /** Ends what is under way. */
  end(): Promise<void> {
    return this.flights.end();
  }

  takeCounts(): { skippedRows: number; deadLetters: number; taken: number } {
    const { skippedRows, deadLetters, taken } = this;
    this.skippedRows = this.deadLetters = this.taken = 0;
    return { skippedRows, deadLetters, taken };
  }

  private async deliver({ spans, refused }: OpenRequest, request: Request | null): Promise<void> {
    const noted = new NotedRows();
    await this.refuse(refused, noted);
    if (request !== null) await this.send(request, spans, noted);
  }

  private async send(request: Request, spans: readonly RowSpan[], noted: NotedRows): Promise<void> {
    let refused: readonly RefusedRow[];
    try {
      refused = await this.timed((signal) => this.store.send(request, signal));
    } catch (error) {
      if (!(error instanceof StoreFault && error.kind === 'rows')) throw error;
      return this.search(spans, error, noted);
    }
    await this.refuse(refused, noted);
  }

  /** One after the other, and each half's rows for good before the next. */
  private async search(spans: readonly RowSpan[], { message }: StoreFault, noted: NotedRows): Promise<void> {
    if (rowsIn(spans) === 1) {
      const { record, from } = spans[0]!;
      return this.refuse([{ record, row: from, reason: message }], noted);
    }
    for (const half of halves(spans)) {
      // A store learns what it refuses: a row may be one that cannot be written only now.
      const refused: RefusedRow[] = [];
      const builder = this.store.builder((row) => refused.push(row));
      for (const { record, from, to } of half) {
        for (let at = from; at < to; ) at = builder.add(record, at, to, Number.POSITIVE_INFINITY);
      }
      await this.refuse(refused, noted);
      if (builder.bytes > 0) await this.send(builder.take(), half, noted);
    }
  }

  private async refuse(refused: readonly RefusedRow[], noted: NotedRows): Promise<void> {
    const { onError } = this.options;
    const rows = refused.filter((row) => noted.add(row));
    const [first] = rows;
    if (first === undefined) return;
    if (onError === 'stop') {
      const more = rows.length > 1 ? `, and ${rows.length - 1} more` : '';
      throw new StoreFault('rows', `refuses ${placeOf(first)}${more}: ${first.reason}`);
    }
    if (onError === 'dead-letter') {
      await this.letters(rows);
      this.deadLetters += rows.length;
    }
    this.skippedRows += rows.length;
  }

  /** Does not wait for a store that goes on after its signal. */
  private async timed<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([this.flights.signal, timeout]);
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        reject(timeout.aborted ? new Timeout(timeoutMs) : new StoreFault('away', 'the branch was closed'));
      };
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      const done = action(signal);
      done.catch(() => {});
      return await Promise.race([aborted, done]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Once, though all that is under way may be too late. */
  private noteTimeout(error: unknown): void {
    if (!(error instanceof Timeout) || this.hasTimedOut) return;
    this.hasTimedOut = true;
    this.pace.timedOut();
  }

  private named(error: unknown): unknown {
    const who = `sink "${this.name}" (${this.store.what})`;
    if (error instanceof StoreFault) {
      const { kind, retryAfterMs, cause } = error;
      return new StoreFault(kind, `${who}: ${error.message}`, { retryAfterMs, cause: cause ?? error });
    }
    if (error instanceof PitwallError) return error;
    const message = String((error as Error)?.message ?? error);
    return new PitwallError('internal', `${who} failed: ${message}`, { stage: 'sink', cause: error });
  }
}

class Timeout extends StoreFault {
  constructor(timeoutMs: number) {
    super('away', `did not answer within ${timeoutMs / 1000} s`);
  }
}

/** Rows of one request that are refused, each of which counts once, whoever says so. */
class NotedRows {
  private readonly rows = new Map<SinkBatch, Set<number>>();

  /** False where it is noted already. */
  add({ record, row }: RefusedRow): boolean {
    const rows = this.rows.get(record) ?? new Set();
    if (rows.has(row)) return false;
    this.rows.set(record, rows.add(row));
    return true;
  }
}
