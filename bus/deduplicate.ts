import type { OriginPart, RecordMeta } from './bus.js';

/** Up to where an origin's rows were taken: `row` rows of its number `sequence`, and all of those before. */
export type Mark = readonly [origin: string, sequence: number, row: number];

const ALL_ROWS = Number.MAX_SAFE_INTEGER;

/**
 * Whose rows come in the order of their numbers: a stream of a writer. Not the writer alone, since records of a stream
 * are merged past those of others (see mergeRecords): of streams that come in turns, the numbers 1, 3, 5 may stand in one
 * message and 2, 4 in the next. Readers pass it to `take`.
 */
export function originOf({ writer, stream }: Pick<RecordMeta, 'writer' | 'stream'>): string {
  // Neither holds a line feed.
  return `${writer}\n${stream}`;
}

/**
 * Drops what a partition holds twice. A writer numbers what it writes to a partition in ascending order, and the rows
 * within a number; after a crash, or when another process takes its place, some may be written again, cut into
 * records in another way. Rows are new when they lie behind the last that were taken of their origin. One for each
 * partition; its marks, one a stream and writer, belong into the reader's checkpoint, together with the position they
 * were taken at.
 */
export class Deduplicator {
  private readonly marks: Map<string, { sequence: number; row: number }>;
  private readonly changed = new Set<string>();

  constructor(marks: Iterable<Mark> = []) {
    this.marks = new Map();
    for (const [origin, sequence, row] of marks) this.marks.set(origin, { sequence, row });
  }

  /**
   * How many rows at the start of a record were taken before: 0 when all are new, as many as it has or more (Infinity)
   * when none is. The record counts as taken from now on.
   */
  take(origin: string, sequence: number, parts?: readonly OriginPart[]): number {
    const mark = this.marks.get(origin) ?? { sequence: Number.NEGATIVE_INFINITY, row: 0 };
    if (parts === undefined) {
      if (sequence < mark.sequence) return Infinity;
      // It may have come in pieces before. How many rows it has is for the caller to know.
      const known = sequence > mark.sequence ? 0 : mark.row === ALL_ROWS ? Infinity : mark.row;
      if (known !== Infinity) this.changed.add(origin);
      this.marks.set(origin, { sequence, row: ALL_ROWS });
      return known;
    }
    let known = 0;
    let isNew = false;
    for (const { sequence: number, firstRow, rows } of parts) {
      const before = number < mark.sequence ? ALL_ROWS : number === mark.sequence ? mark.row : 0;
      const taken = Math.max(0, Math.min(rows, before - firstRow));
      if (!isNew) known += taken;
      if (taken === rows) continue;
      isNew = true;
      mark.sequence = number;
      mark.row = firstRow + rows;
    }
    if (!isNew) return Infinity;
    this.marks.set(origin, mark);
    this.changed.add(origin);
    return known;
  }

  /** What a new one starts from to go on where this one is. Plain data. */
  snapshot(): Mark[] {
    return [...this.marks].map(([origin, { sequence, row }]) => [origin, sequence, row]);
  }

  /** The marks that changed since the last call. */
  takeChanges(): Mark[] {
    const changes = [...this.changed].map((origin): Mark => {
      const { sequence, row } = this.marks.get(origin)!;
      return [origin, sequence, row];
    });
    this.changed.clear();
    return changes;
  }
}
