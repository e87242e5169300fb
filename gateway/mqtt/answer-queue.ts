import type { ByteBudget } from '../../core/byte-budget.js';
import { writeAcknowledgement } from './codec/acknowledgement.js';
import type { OutBuffer } from './codec/out-buffer.js';

/** PUBACK, PUBREC, PUBREL and PUBCOMP by their first byte. */
export const ANSWER = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const;

const FIRST_CAPACITY = 16;
/** Every answer has a packet identifier of its own, so a client cannot rightly wait for more. */
export const ANSWERS_MAX = 65_536;
/** Bytes an entry takes in the four columns. */
const ENTRY_BYTES = 2 + 1 + 1 + 8;

/** Which identifiers belong to a message that is not durable yet; one table for all connections, used during a flush. */
export class IdMarks {
  readonly marks = new Uint32Array(65_536);
  generation = 0;
}

/**
 * The answers a connection owes, in the order of the messages ([MQTT-4.6.0-2]), each with the cut it waits for. When a
 * client has used a packet identifier again before it was answered, the answer belongs to the later message: the
 * earlier one is left out, so that no answer ever speaks for a message that is not durable.
 */
export class AnswerQueue {
  private ids = new Uint16Array(FIRST_CAPACITY);
  private kinds = new Uint8Array(FIRST_CAPACITY);
  private codes = new Uint8Array(FIRST_CAPACITY);
  private cuts = new Float64Array(FIRST_CAPACITY);
  private head = 0;
  private count = 0;
  /** Reason strings by the number of their answer, counted from the connection's start. */
  private readonly reasons = new Map<number, string>();
  private answered = 0;

  constructor(private readonly budget: ByteBudget) {}

  get size(): number {
    return this.count;
  }

  /** False when the queue is full. */
  push(kind: number, id: number, code: number, reason: string | null, cut: number): boolean {
    if (this.count === this.ids.length && !this.grow()) return false;
    const at = (this.head + this.count) & (this.ids.length - 1);
    this.ids[at] = id;
    this.kinds[at] = kind;
    this.codes[at] = code;
    this.cuts[at] = cut;
    if (reason !== null) this.reasons.set(this.answered + this.count, reason);
    this.count++;
    return true;
  }

  /**
   * Writes what is durable up to `cut`, and returns how many messages ended with it (PUBACK, PUBCOMP and a PUBREC that
   * refuses), for the receive maximum.
   */
  flush(cut: number, out: OutBuffer, marks: IdMarks, packetBytesMax: number): number {
    const mask = this.ids.length - 1;
    let ready = 0;
    while (ready < this.count && this.cuts[(this.head + ready) & mask] <= cut) ready++;
    if (ready === 0) return 0;
    const generation = this.markRest(ready, marks);
    let ended = 0;
    for (let i = 0; i < ready; i++) {
      const at = (this.head + i) & mask;
      const kind = this.kinds[at];
      const code = this.codes[at];
      if (kind !== ANSWER.pubrec || code >= 0x80) ended++;
      const id = this.ids[at];
      if (generation !== 0 && marks.marks[id] === generation) continue;
      const reason = code !== 0 || this.reasons.size > 0 ? (this.reasons.get(this.answered + i) ?? null) : null;
      writeAcknowledgement(out, kind, id, code, reason, packetBytesMax);
    }
    if (this.reasons.size > 0) for (let i = 0; i < ready; i++) this.reasons.delete(this.answered + i);
    this.head = (this.head + ready) & mask;
    this.count -= ready;
    this.answered += ready;
    return ended;
  }

  clear(): void {
    if (this.ids.length > FIRST_CAPACITY) this.budget.release(this.ids.length * ENTRY_BYTES);
    this.ids = new Uint16Array(FIRST_CAPACITY);
    this.kinds = new Uint8Array(FIRST_CAPACITY);
    this.codes = new Uint8Array(FIRST_CAPACITY);
    this.cuts = new Float64Array(FIRST_CAPACITY);
    this.reasons.clear();
    this.head = this.count = 0;
  }

  private markRest(from: number, marks: IdMarks): number {
    if (from === this.count) return 0;
    if (++marks.generation > 0xffffffff) {
      marks.marks.fill(0);
      marks.generation = 1;
    }
    const mask = this.ids.length - 1;
    for (let i = from; i < this.count; i++) marks.marks[this.ids[(this.head + i) & mask]] = marks.generation;
    return marks.generation;
  }

  private grow(): boolean {
    const capacity = this.ids.length * 2;
    if (capacity > ANSWERS_MAX) return false;
    this.budget.take((capacity - (this.ids.length > FIRST_CAPACITY ? this.ids.length : 0)) * ENTRY_BYTES);
    const unroll = <T extends Uint8Array | Uint16Array | Float64Array>(from: T, to: T): T => {
      to.set(from.subarray(this.head));
      to.set(from.subarray(0, this.head), from.length - this.head);
      return to;
    };
    this.ids = unroll(this.ids, new Uint16Array(capacity));
    this.kinds = unroll(this.kinds, new Uint8Array(capacity));
    this.codes = unroll(this.codes, new Uint8Array(capacity));
    this.cuts = unroll(this.cuts, new Float64Array(capacity));
    this.head = 0;
    return true;
  }
}
