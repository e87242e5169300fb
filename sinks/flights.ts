import { setMaxListeners } from 'node:events';

/** What is on its way to a store, from an `open` to the first fault, which ends all of it. */
export class Flights {
  private readonly abort = new AbortController();
  private readonly flights = new Set<Promise<void>>();
  private heldBytes = 0;
  private fault: { cause: unknown } | null = null;

  constructor(
    private readonly inFlight: () => number,
    /** Of all that is under way. */
    private readonly bytesMax = Number.POSITIVE_INFINITY,
  ) {
    // Each request listens, and parts of large ones do so side by side.
    setMaxListeners(0, this.abort.signal);
  }

  /** Aborted with the first fault, and at the end. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Something has ended them. */
  get hasFailed(): boolean {
    return this.fault !== null;
  }

  get underWay(): number {
    return this.flights.size;
  }

  /** Throws what has ended them. */
  check(): void {
    if (this.fault) throw this.fault.cause;
  }

  /** Resolves when one more may begin. One is always taken, however large it is. */
  async room(): Promise<void> {
    this.check();
    while (this.flights.size >= this.inFlight() || this.heldBytes > this.bytesMax) {
      await Promise.race(this.flights);
      this.check();
    }
  }

  begin(bytes: number, send: (signal: AbortSignal) => Promise<void>): void {
    this.heldBytes += bytes;
    const flight: Promise<void> = send(this.abort.signal)
      .catch((cause: unknown) => {
        this.fault ??= { cause };
        this.abort.abort();
      })
      .finally(() => {
        this.heldBytes -= bytes;
        this.flights.delete(flight);
      });
    this.flights.add(flight);
  }

  async settled(): Promise<void> {
    await Promise.all(this.flights);
    this.check();
  }

  /** Ends what is under way. */
  async end(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.flights);
  }
}
