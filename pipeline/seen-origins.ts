import type { RecordMeta } from '../bus/bus.js';

/** Origins of a partition that are remembered. */
const SEEN_MAX = 1_000_000;

/**
 * Tells dead letters of a partition that stand there more than once, each time with the same origin. Not as a Deduplicator
 * has it: letters of a writer come from several places, and so not in the order of their numbers.
 */
export class SeenOrigins {
  private readonly seen = new Set<string>();

  isNew({ writer, sequence, parts }: Pick<RecordMeta, 'writer' | 'sequence' | 'parts'>): boolean {
    const row = parts?.[0] ? `${parts[0].sequence}.${parts[0].firstRow}` : '';
    const origin = `${writer}\n${sequence}\n${row}`;
    if (this.seen.has(origin)) return false;
    this.seen.add(origin);
    // What is repeated follows soon: after a crash, and from the processors beside.
    if (this.seen.size > SEEN_MAX) this.seen.delete(this.seen.values().next().value!);
    return true;
  }
}
