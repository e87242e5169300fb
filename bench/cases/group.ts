import type { BenchCase } from '../bench-case.js';
import { measurePlans } from '../processors/measure-plans.js';
import { GROUPS } from '../processors/plan-cases.js';

/** The engine on both sides of a group step, without the bus between them, in one thread. */
export const group: BenchCase = {
  name: 'group',
  summary:
    '20 Hz of 50 entities grouped by a column of 8 values and a tag in one worker, at 1, 20 and 1,000 rows a record',
  run: (context) => measurePlans(context, GROUPS),
};
