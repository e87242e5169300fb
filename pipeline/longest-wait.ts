import type { Config } from './config/config.js';

/** The longest that anything waits for time to pass, microseconds: joins may follow one another, each with its own wait. */
export function longestWaitUs(config: Config): number {
  const steps = config.processors.flatMap((processor) => processor.plan.steps);
  return steps.reduce((sum, step) => sum + (step.verb === 'join' ? step.waitUs : 0), 0);
}
