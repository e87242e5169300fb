/**
 * Drops what a partition holds twice. A writer numbers its records of a partition in ascending order, and after a
 * crash may send some again; a record is new when its number is above the last one of its writer. One for each
 * partition; its snapshot belongs into the reader's checkpoint, together with the position it was taken at.
 */
export class Deduplicator {
  private readonly last: Map<string, number>;

  constructor(snapshot: Iterable<readonly [writer: string, sequence: number]> = []) {
    this.last = new Map(snapshot);
  }

  /** Whether the record is new; if so its number is remembered. */
  accepts(writer: string, sequence: number): boolean {
    const last = this.last.get(writer);
    if (last !== undefined && sequence <= last) return false;
    this.last.set(writer, sequence);
    return true;
  }

  /** What a new one starts from to go on where this one is. Plain data. */
  snapshot(): [writer: string, sequence: number][] {
    return [...this.last];
  }
}
