import type { BenchCase, VariantRun } from '../bench-case.js';
import { runSteps } from './run-steps.js';

const GOAL_ROWS = 4e6;

/** The processors' engine on encoded records, in one thread: what one worker can aggregate. */
export const window: BenchCase = {
  name: 'window',
  summary: 'the mean of one column of 20 Hz in one worker: tumbling over 1 s and rolling over 10 s, 20 rows a record',
  async run(context) {
    const runs: VariantRun[] = [];
    for (const step of ['tumbling', 'rolling'] as const) {
      for (const entities of [50, 10_000]) {
        const plan = { step, entities, rows: 20, totalRows: context.quick ? 50_000 : 2_000_000 };
        const name = `window ${step} mean, ${entities.toLocaleString('en')} entities`;
        runs.push(await runSteps(context, name, 'rows', step === 'tumbling' ? GOAL_ROWS : null, plan));
      }
    }
    return runs;
  },
};
