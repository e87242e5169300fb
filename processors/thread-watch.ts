import { randomUUID } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { threadId, workerData } from 'node:worker_threads';
import { formatIso } from '../core/event-time.js';
import { TIME_US_MAX } from '../core/limits.js';

/** Of a section's name, and of the names of a step and a stream; longer ones are cut. */
const NAME_BYTES_MAX = 2048;
/** Of 8 bytes each. */
const SINCE = 0;
const ROW = 3;
const FIRST_RECORD = 5;
const LAST_RECORD = 6;
/** Of 4 bytes each. */
const OPEN = 2;
const NAME_BYTES = 3;
const TOO_LARGE = 4;
const THREAD = 5;
const STEP_BYTES = 8;
const NAME_AT = 56;
const STEP_AT = NAME_AT + NAME_BYTES_MAX;
/** How often a thread looks at its heap, which takes some microseconds. */
const LOOK_MS = 10;

/** What a thread is at that runs code of users, on whose behalf, and for how long. */
export interface Section {
  /** Of a lane. */
  id: string;
  /** For people. */
  what: string;
  silentMs: number;
  /** The step, the row and the record it was at, or was last, as far as that is known; for people. */
  at: string | null;
  /** The number of the thread, which may have ended since. */
  thread: number;
}

/** Of the first and the last record that rows come from, which are worked on together. */
export interface Offsets {
  readonly first: number;
  readonly last: number;
}

/**
 * Shared by a worker thread and the main thread: which code of users the former runs, and since when it has not been heard
 * of. A thread that is stuck in such code can still be asked, since nothing of it has to run for that.
 */
export class ThreadWatch {
  private readonly since: Float64Array;
  private readonly words: Int32Array;
  private readonly text: Uint8Array;
  private readonly stepText: Uint8Array;
  private readonly open: string[] = [];
  private shown = '';
  private shownStep = '';
  private shownStream = '';
  private shownBytes = 0;
  private fed: Offsets | null = null;
  private lookedMs = 0;

  constructor(readonly shared: WatchData) {
    this.since = new Float64Array(shared.buffer, 0, LAST_RECORD + 1);
    this.words = new Int32Array(shared.buffer);
    this.text = new Uint8Array(shared.buffer, NAME_AT, NAME_BYTES_MAX);
    this.stepText = new Uint8Array(shared.buffer, STEP_AT);
  }

  /** `heapBytesMax`: a thread that finds more objects on its heap than that ends itself. */
  static data(heapBytesMax: number): WatchData {
    return { buffer: new SharedArrayBuffer(STEP_AT + NAME_BYTES_MAX), owner: randomUUID(), heapBytesMax };
  }

  /** Threads that follow one another in a place of a pool have one: what a dead one has left open is its successor's. */
  get owner(): string {
    return this.shared.owner;
  }

  /** Runs code of users for a lane. Sections may lie within one another, and others may begin while one waits. */
  run<T>(id: string, what: string, code: () => T): T {
    const name = this.enter(id, what);
    try {
      return code();
    } finally {
      this.leave(name);
    }
  }

  async wait<T>(id: string, what: string, code: () => Promise<T>): Promise<T> {
    const name = this.enter(id, what);
    try {
      return await code();
    } finally {
      this.leave(name);
    }
  }

  /** The code of users has returned, if only to be called again. */
  goesOn(): void {
    const now = nowMs();
    this.since[SINCE] = now;
    if (now - this.lookedMs < LOOK_MS) return;
    this.lookedMs = now;
    if (getHeapStatistics().used_heap_size <= this.shared.heapBytesMax) return;
    // What leaks is likely what ran last; it may have left its rows.
    Atomics.store(this.words, STEP_BYTES, this.shownBytes);
    Atomics.store(this.words, TOO_LARGE, 1);
    // Only this thread; at the limit of V8 the whole process could end.
    process.exit(1);
  }

  /** The records that code of users works on from here on; null where time lets rows go. */
  get records(): Offsets | null {
    return this.fed;
  }

  set records(offsets: Offsets | null) {
    this.fed = offsets;
    this.since[FIRST_RECORD] = offsets === null ? Number.NaN : offsets.first;
    this.since[LAST_RECORD] = offsets === null ? Number.NaN : offsets.last;
  }

  /** From here to `leaveRows` a step calls code of users for rows of a stream; `row` says which. */
  enterRows(step: string, stream: string): void {
    if (step !== this.shownStep || stream !== this.shownStream) {
      this.shownBytes = new TextEncoder().encodeInto(`${step}\n${stream}`, this.stepText).written;
      this.shownStep = step;
      this.shownStream = stream;
    }
    Atomics.store(this.words, STEP_BYTES, this.shownBytes);
  }

  row(timeUs: number): void {
    this.since[ROW] = timeUs;
  }

  leaveRows(): void {
    Atomics.store(this.words, STEP_BYTES, 0);
  }

  /** Of the thread that has it: nothing runs yet. */
  begin(): void {
    Atomics.store(this.words, OPEN, 0);
    this.leaveRows();
    this.records = null;
    Atomics.store(this.words, TOO_LARGE, 0);
    Atomics.store(this.words, THREAD, threadId);
  }

  /** Whether it has ended itself for the size of its heap. */
  get tooLarge(): boolean {
    return Atomics.load(this.words, TOO_LARGE) !== 0;
  }

  /** What runs, as another thread sees it. */
  section(): Section | null {
    if (Atomics.load(this.words, OPEN) === 0) return null;
    const bytes = Buffer.from(this.text.slice(0, Atomics.load(this.words, NAME_BYTES)));
    const [id, what] = bytes.toString().split('\n');
    return {
      id: id!,
      what: what ?? '',
      silentMs: nowMs() - this.since[SINCE]!,
      at: this.at(),
      thread: Atomics.load(this.words, THREAD),
    };
  }

  private at(): string | null {
    const records = this.recordsText();
    const bytes = Buffer.from(this.stepText.slice(0, Atomics.load(this.words, STEP_BYTES)));
    if (bytes.length === 0) return records;
    const [step, stream] = bytes.toString().split('\n');
    const timeUs = this.since[ROW]!;
    const time = timeUs >= 0 && timeUs <= TIME_US_MAX ? `${formatIso(timeUs)} ` : '';
    const row = `${step}, at the row ${time}(timeUs ${timeUs}) of ${stream}`;
    return records === null ? row : `${row}, of ${records}`;
  }

  private recordsText(): string | null {
    const first = this.since[FIRST_RECORD]!;
    const last = this.since[LAST_RECORD]!;
    if (Number.isNaN(first)) return null;
    return first === last ? `record ${first}` : `records ${first} to ${last}`;
  }

  private enter(id: string, what: string): string {
    const name = `${id}\n${what}`;
    if (this.open.length === 0) this.forget();
    this.open.push(name);
    this.show();
    return name;
  }

  /** What ran last was of another section. */
  private forget(): void {
    this.shownStep = '';
    this.shownBytes = 0;
    this.records = null;
  }

  private leave(name: string): void {
    this.open.splice(this.open.lastIndexOf(name), 1);
    this.show();
  }

  private show(): void {
    const name = this.open.at(-1);
    this.goesOn();
    if (name !== undefined && name !== this.shown) {
      Atomics.store(this.words, NAME_BYTES, new TextEncoder().encodeInto(name, this.text).written);
      this.shown = name;
    }
    // A step that failed has not left its rows.
    if (this.open.length === 0) this.leaveRows();
    Atomics.store(this.words, OPEN, this.open.length);
  }
}

export interface WatchData {
  buffer: SharedArrayBuffer;
  owner: string;
  heapBytesMax: number;
}

/** Of a clock that all threads share. */
function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function isWatchData(data: unknown): data is WatchData {
  return typeof data === 'object' && data !== null && (data as WatchData).buffer instanceof SharedArrayBuffer;
}

/** That of this thread; of one that no pool has made, nobody looks at it. */
export const threadWatch = new ThreadWatch(
  isWatchData(workerData) ? workerData : ThreadWatch.data(Number.POSITIVE_INFINITY),
);
if (threadId !== 0) threadWatch.begin();
