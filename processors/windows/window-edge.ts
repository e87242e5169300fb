import type { Batch } from '../../columnar/batch.js';

/** Where windows that go by the order of arrival end. One for each lane. */
export interface WindowEdge {
  /** Makes ready for the rows of a batch. */
  begin(batch: Batch): void;
  /** The end of the run of rows [from, to) that belong to the open window, which has `count` rows so far. */
  runEnd(from: number, to: number, count: number): number;
  /** Whether a window of so many rows ends with the last of them, and does not wait for the next row. */
  isFull(count: number): boolean;
  save(): unknown;
  restore(saved: unknown): void;
}

/** Windows of so many rows each. */
export class RowCountEdge implements WindowEdge {
  constructor(private readonly rowsEach: number) {}

  begin(): void {}

  runEnd(from: number, to: number, count: number): number {
    return Math.min(to, from + this.rowsEach - count);
  }

  isFull(count: number): boolean {
    return count >= this.rowsEach;
  }

  save(): null {
    return null;
  }

  restore(): void {}
}
