import type { AggregateSet } from '../aggregates/aggregate-set.js';
import type { StepContext } from '../verbs/step-context.js';
import type { WindowRows } from './window-rows.js';

/** What the windows of all lanes of a step have in common. */
export interface WindowSettings {
  readonly context: StepContext;
  readonly aggregates: AggregateSet;
  /** Shared by all lanes: it holds nothing between calls. */
  readonly rows: WindowRows;
  readonly graceUs: number;
  readonly idleUs: number;
  /** Each row gives the windows it changed at once; nothing is given when they close. */
  readonly updates: boolean;
}

/**
 * Whether rows are held until the watermark passes them: some aggregate wants them in order, and they may come out of
 * it. With updates they are not, since each row gives its values at once.
 */
export function holdsRows({ aggregates, graceUs, updates }: WindowSettings): boolean {
  return aggregates.ordered && graceUs > 0 && !updates;
}
