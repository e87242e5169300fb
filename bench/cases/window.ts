import type { BenchCase } from '../bench-case.js';
import { measurePlans } from '../processors/measure-plans.js';
import { WINDOWS } from '../processors/plan-cases.js';

/** The engine on windows and rolling columns, in one thread. */
export const window: BenchCase = {
  name: 'window',
  summary:
    'the mean of one column of 20 Hz in one worker, tumbling over 1 s and rolling over 10 s, from 50 to 100,000 entities',
  run: (context) => measurePlans(context, WINDOWS),
};
