import type { SortStep } from '../plan.js';
import { Arguments, type Duration } from './arguments.js';

export interface SortOptions {
  /** How far, in event time, a row may come behind a later one and still be put in its place. */
  lateness: Duration;
  /** Whether all rows of one stamp stay, or only the one that came last. Default: `all`. */
  equal?: 'all' | 'last';
}

export function sortStep(given: unknown): SortStep {
  const args = new Arguments('sort');
  const options = args.options(given, ['lateness', 'equal']);
  return {
    verb: 'sort',
    latenessUs: args.durationUs(options.lateness, 'lateness'),
    equal: args.choice(options.equal, 'equal', ['all', 'last'], 'all'),
  };
}
