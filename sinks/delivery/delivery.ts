import { PitwallError } from '../../core/errors.js';
import type { DeadLetterWriter, DeliveryOptions } from './delivery-options.js';
import type { OpenRequest } from './open-request.js';
import { halves, placeOf, type RowSpan, rowsIn } from './row-spans.js';
import type { RefusedRow, Store } from './store.js';
import { StoreFault } from './store-fault.js';

/**
 * Requests under way to a store, from an `open` to the first fault, which ends them all. Where rows of a request are
 * refused, they are found by sending halves of it; then the policy says whether the branch stops or goes on without them.
 */
export class Delivery<Request> {
  private readonly abort = new AbortController();
  private readonly flights = new Map<OpenRequest, Promise<void>>();
  private fault: { cause: unknown } | null = null;
  private skippedRows = 0;
  private deadLetters = 0;

  constructor(
    private readonly name: string,
    private readonly store: Store<Request>,
    private readonly options: DeliveryOptions,
    private readonly letters: DeadLetterWriter,
  ) {}

  open(): Promise<void> {
    return this.timed((signal) => this.store.open(signal)).catch((error: unknown) => {
      throw this.named(error);
    });
  }

  get underWay(): number {
    return this.flights.size;
  }

  /** Least offset of a partition that a request under way has rows of. */
  first(topic: string, partition: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const request of this.flights.keys()) first = Math.min(first, request.first(topic, partition));
    return first;
  }

  /** Throws what has ended it. */
  check(): void {
    if (this.fault) throw this.fault.cause;
  }

  /** Resolves when there are fewer than `inFlight` requests under way. */
  async room(inFlight: number): Promise<void> {
    this.check();
    while (this.flights.size >= inFlight) {
      await Promise.race(this.flights.values());
      this.check();
    }
  }

  /** `request` is null where no row of it can be written. */
  begin(open: OpenRequest, request: Request | null): void {
    const flight = this.deliver(open, request)
      .catch((error: unknown) => {
        this.fault ??= { cause: this.named(error) };
        this.abort.abort();
      })
      // With a fault nothing counts as arrived any more.
      .finally(() => this.fault ?? this.flights.delete(open));
    this.flights.set(open, flight);
  }

  async settled(): Promise<void> {
    await Promise.all(this.flights.values());
    this.check();
  }

  /** Ends what is under way. */
  async end(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.flights.values());
  }

  takeCounts(): { skippedRows: number; deadLetters: number } {
    const { skippedRows, deadLetters } = this;
    this.skippedRows = this.deadLetters = 0;
    return { skippedRows, deadLetters };
  }

  private async deliver({ spans, refused }: OpenRequest, request: Request | null): Promise<void> {
    if (refused.length > 0) await this.refuse(refused);
    if (request !== null) await this.send(request, spans, new NotedRows(refused));
  }

  private async send(request: Request, spans: readonly RowSpan[], noted: NotedRows): Promise<void> {
    let refused: readonly RefusedRow[];
    try {
      refused = await this.timed((signal) => this.store.send(request, signal));
    } catch (error) {
      if (!(error instanceof StoreFault && error.kind === 'rows')) throw error;
      return this.search(spans, error, noted);
    }
    if (refused.length > 0) await this.refuse(refused);
  }

  /** One after the other, and each half's rows for good before the next. */
  private async search(spans: readonly RowSpan[], { message }: StoreFault, noted: NotedRows): Promise<void> {
    if (rowsIn(spans) === 1) {
      const { record, from } = spans[0]!;
      return this.refuse([{ record, row: from, reason: message }]);
    }
    for (const half of halves(spans)) {
      // A store learns what it refuses: a row may be one that cannot be written only now.
      const more: RefusedRow[] = [];
      const builder = this.store.builder((row) => {
        if (noted.add(row)) more.push(row);
      });
      for (const { record, from, to } of half) {
        for (let at = from; at < to; ) at = builder.add(record, at, to, Number.POSITIVE_INFINITY);
      }
      if (more.length > 0) await this.refuse(more);
      if (builder.bytes > 0) await this.send(builder.take(), half, noted);
    }
  }

  private async refuse(rows: readonly RefusedRow[]): Promise<void> {
    const { onError } = this.options;
    const first = rows[0]!;
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
    const signal = AbortSignal.any([this.abort.signal, timeout]);
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        const why = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : 'the branch was closed';
        reject(new StoreFault('away', why));
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

/** Rows of one request that were refused when they were encoded, each of which counts once. */
class NotedRows {
  private readonly rows = new Map<unknown, Set<number>>();

  constructor(refused: readonly RefusedRow[]) {
    for (const row of refused) this.add(row);
  }

  /** False where it is noted already. */
  add({ record, row }: RefusedRow): boolean {
    const rows = this.rows.get(record) ?? new Set();
    if (rows.has(row)) return false;
    this.rows.set(record, rows.add(row));
    return true;
  }
}
