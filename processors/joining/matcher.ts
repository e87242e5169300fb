import type { Batch, Column } from '../../columnar/batch.js';
import type { RightBuffer } from './right-buffer.js';

/** Left rows as they leave, and what stands beside them: the right columns in their order, and the time where asked for. */
export type EmitJoined = (left: Batch, right: Column[]) => void;

/** Puts right rows beside left rows. */
export interface Matcher {
  /**
   * Joins left rows, ascending by time, with the right rows that are there; some have come. With `freshOnly` it gives
   * only what is other than it was before the fresh right rows came.
   */
  join(left: Batch, right: RightBuffer, freshOnly: boolean, emit: EmitJoined): void;
}
