import type { FetchedMessage } from '../../kafka/kafka-fetcher.js';
import { type ChangelogKeys, numberOf } from './changelog-keys.js';
import { type PartitionSource, readPartition } from './changelog-reader.js';

/** A glance reads so much at the place where it left off, and as much somewhere behind it; it is not tried twice. */
const GLANCE = { bytesMax: 2 * 1024 * 1024, missesMax: 0 };

/** Watches the end of a partition for other generations of a unit. Not for concurrent use. */
export class ChangelogTail {
  /** Generations that became whole since, and our own: where. */
  private readonly births = new Map<string, number>();
  /** The generation with the highest number that wrote anything since. */
  private newest: string | null = null;
  /** Records of our own since `position`, which is the end if nobody else has written. */
  private sent = 0;
  private cut = false;

  constructor(
    private readonly source: PartitionSource,
    private readonly keys: ChangelogKeys,
    /** Everything before has been looked at. */
    private position: number,
  ) {}

  /** `records` were written by this process, in one batch. */
  wrote(records: number): void {
    this.sent += records;
  }

  /** Our own generation became whole at `offset`; by default with the last record of all, unless it was seen. */
  owns(generation: string, offset = this.position - 1): void {
    if (!this.births.has(generation)) this.births.set(generation, offset);
  }

  /** The partition has become shorter: brokers lost what they had acknowledged, or the topic was made anew. */
  get isCut(): boolean {
    return this.cut;
  }

  /** Looks at all that has come. */
  async look(): Promise<void> {
    if (await this.isQuiet()) return;
    this.position = await readPartition(this.source, this.position, (messages) => this.visit(messages));
    this.sent = 0;
  }

  /**
   * The same for little: where more has come than a glance takes, it looks at a part of it, which is another one each
   * time. Who goes on writing is seen sooner or later.
   */
  async glance(): Promise<void> {
    if (await this.isQuiet()) return;
    const { fetcher, topic, partition } = this.source;
    const visit = (messages: readonly FetchedMessage[]) => this.visit(messages);
    const at = await readPartition(this.source, this.position, visit, GLANCE);
    const { end } = await fetcher.bounds(topic, partition);
    const rest = end - at;
    if (rest > 0) {
      await readPartition(this.source, at + Math.floor(Math.random() * rest), visit, GLANCE);
      fetcher.forget(topic, partition);
    }
    this.position = Math.max(at, end);
    this.sent = 0;
  }

  /** A generation that has become whole and wins over `generation`, which may not be whole itself yet. */
  winnerOver(generation: string): string | null {
    const number = numberOf(generation)!;
    const own = this.births.get(generation) ?? Number.POSITIVE_INFINITY;
    for (const [other, offset] of this.births) {
      const otherNumber = numberOf(other)!;
      if (otherNumber > number || (otherNumber === number && offset < own)) return other;
    }
    return null;
  }

  /** A generation that wins over `generation`, or is going to. */
  successorOf(generation: string): string | null {
    const { newest } = this;
    const follows = newest !== null && numberOf(newest)! > numberOf(generation)!;
    return follows ? newest : this.winnerOver(generation);
  }

  private async isQuiet(): Promise<boolean> {
    const { fetcher, topic, partition } = this.source;
    const { end } = await fetcher.bounds(topic, partition);
    if (end < this.position + this.sent) this.cut = true;
    if (end !== this.position + this.sent) return false;
    this.position = end;
    this.sent = 0;
    return true;
  }

  private visit(messages: readonly FetchedMessage[]): void {
    for (const { offset, key, value } of messages) {
      const parsed = key === null ? undefined : this.keys.decode(key);
      if (!parsed) continue;
      const { generation, kind } = parsed;
      if (this.newest === null || numberOf(generation)! > numberOf(this.newest)!) this.newest = generation;
      if (kind === 'birth' && value !== null) this.births.set(generation, offset);
    }
  }
}
