import type { ColumnBuilder } from '../columnar/column-builder.js';

/** A point to go back to; see `StreamBuilder.mark`. */
export interface Mark {
  readonly closes: number;
  readonly rows: number;
  readonly columns: number;
  readonly remembered: number;
  readonly ascending: boolean;
  readonly lastUs: number;
}

interface Remembered {
  column: ColumnBuilder;
  was: ColumnBuilder['field'];
  texts: number;
}

/**
 * What the columns of a builder were like at its marks: the type of each column whose type changed since, and how many
 * texts those had that took more. A column is remembered once between two marks, and not at all while no mark is open.
 */
export class ColumnJournal {
  /** Names the span since the last mark; 0 when no mark is open. */
  span = 0;
  private spans = 0;
  private marks = 0;
  private readonly entries: Remembered[] = [];

  /** Begins a span; the returned number takes `undo` back to its start. */
  open(): number {
    this.marks++;
    this.span = ++this.spans;
    return this.entries.length;
  }

  /** Ends the mark that was opened last. */
  leave(): void {
    this.marks--;
    this.span = this.marks === 0 ? 0 : ++this.spans;
    if (this.marks === 0) this.entries.length = 0;
  }

  /** To be called before a column changes its type or takes a text. */
  remember(column: ColumnBuilder): void {
    if (column.rememberedAt === this.span) return;
    column.rememberedAt = this.span;
    if (this.span !== 0) this.entries.push({ column, was: column.field, texts: column.dictionary.length });
  }

  undo(to: number, rows: number): void {
    while (this.entries.length > to) {
      const { column, was, texts } = this.entries.pop()!;
      column.field = was;
      column.truncate(rows, texts);
    }
  }

  clear(): void {
    this.marks = 0;
    this.span = 0;
    this.entries.length = 0;
  }
}
