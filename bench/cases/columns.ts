import type { BenchCase } from '../bench-case.js';
import { measurePlans } from '../processors/measure-plans.js';
import { EXPRESSIONS } from '../processors/plan-cases.js';

/** The engine on steps without state, in one thread. */
export const columns: BenchCase = {
  name: 'columns',
  summary: 'an expression and a filter over 50 entities in one worker, at 1, 20 and 1,000 rows a record',
  run: (context) => measurePlans(context, EXPRESSIONS),
};
