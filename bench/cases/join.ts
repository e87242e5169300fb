import type { BenchCase, VariantRun } from '../bench-case.js';
import { runSteps } from './run-steps.js';

const ENTITIES = 50;
const GOAL_ROWS = 1e6;

/** The processors' engine on encoded records, in one thread: what one worker can join. */
export const join: BenchCase = {
  name: 'join',
  summary: `20 Hz joined with 1 Hz over ${ENTITIES} entities in one worker, as-of and linear, at 1, 20 and 1,000 rows a record`,
  async run(context) {
    const runs: VariantRun[] = [];
    for (const step of ['backward', 'linear'] as const) {
      for (const rows of [1, 20, 1000]) {
        const totalRows = context.quick ? 50_000 : rows === 1 ? 300_000 : 2_000_000;
        const name = `join ${step === 'backward' ? 'as-of' : 'linear'}`;
        runs.push(await runSteps(context, name, 'left rows', GOAL_ROWS, { step, entities: ENTITIES, rows, totalRows }));
      }
    }
    return runs;
  },
};
