import { type BlockKey, readBlockKey, seekKey } from './block-key.js';
import type { Head } from './heads.js';
import type { LogStore } from './log-store.js';

const OLDEST_AT_ONCE = 64;

/** A topic, and its number once it has been written to. */
export interface Topic {
  readonly name: string;
  number: number | undefined;
}

/** The writer's view of one partition: its head, who holds it, and its oldest blocks. */
export class PartitionLog {
  readonly holds = new Map<string, number>();
  /** Blocks planned to be dropped, of those in `oldest`. */
  planned = 0;
  /** How much the last commits held for it, for the size of the next buffers. */
  bytesHint = 0;
  private oldest: BlockKey[] = [];

  constructor(
    readonly topic: Topic,
    readonly partition: number,
    public head: Head,
  ) {}

  /** The first offset somebody still needs; infinite when nobody is registered. */
  get floor(): number {
    let floor = Number.POSITIVE_INFINITY;
    for (const offset of this.holds.values()) if (offset < floor) floor = offset;
    return floor;
  }

  /** The oldest block that is not planned to go yet. */
  candidate(store: LogStore): BlockKey | undefined {
    const { number } = this.topic;
    if (number === undefined || this.head.start >= this.head.end) return undefined;
    if (this.planned >= this.oldest.length) this.load(store, number);
    return this.oldest[this.planned];
  }

  /** The planned blocks are gone. */
  settle(): void {
    if (this.planned > 0) this.oldest = this.oldest.slice(this.planned);
    this.planned = 0;
  }

  private load(store: LogStore, number: number): void {
    const last = this.oldest.at(-1);
    const from = last ? last.first + last.count : this.head.start;
    const range = { start: seekKey(number, this.partition, from), end: seekKey(number, this.partition + 1, 0) };
    store.snapshot(() => {
      let loaded = 0;
      for (const keyBytes of store.blocks.getKeys(range)) {
        const key = readBlockKey(keyBytes);
        if (key.segment !== 0) continue;
        this.oldest.push(key);
        if (++loaded === OLDEST_AT_ONCE) break;
      }
    });
  }
}
