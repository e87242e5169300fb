import type { BenchCase } from '../bench-case.js';
import { measurePlans } from '../processors/measure-plans.js';
import { JOINS } from '../processors/plan-cases.js';

/** The processors' engine on encoded records, in one thread: what one worker can join. */
export const join: BenchCase = {
  name: 'join',
  summary: '20 Hz joined with 1 Hz over 50 entities in one worker, as-of and linear, at 1, 20 and 1,000 rows a record',
  run: (context) => measurePlans(context, JOINS),
};
