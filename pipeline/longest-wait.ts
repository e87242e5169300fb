import { longestWaitUs as planWaitUs } from '../processors/verbs/verbs.js';
import type { Config } from './config/config.js';

/** The longest that anything waits for time to pass, microseconds: processors may follow one another, each with its own wait. */
export function longestWaitUs(config: Config): number {
  return config.processors.reduce((sum, { plan }) => sum + planWaitUs(plan), 0);
}
