import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchCase, BenchContext, VariantRun } from '../bench-case.js';
import { benchFault } from '../bench-fault.js';
import type { JoinPlan, JoinResult } from '../join/join-plan.js';
import { ProcessSampler } from '../process-sampler.js';
import { MIB } from './run-gateway.js';

const MODULE = fileURLToPath(new URL('../join/join-process.js', import.meta.url));
const ENTITIES = 50;
const GOAL_ROWS = 1e6;

/** The processors' engine on encoded records, in one thread: what one worker can join. */
export const join: BenchCase = {
  name: 'join',
  summary: `20 Hz joined with 1 Hz over ${ENTITIES} entities in one worker, as-of and linear, at 1, 20 and 1,000 rows a record`,
  async run(context) {
    const runs: VariantRun[] = [];
    for (const how of ['backward', 'linear'] as const) {
      for (const rows of [1, 20, 1000]) {
        const leftRows = context.quick ? 50_000 : rows === 1 ? 300_000 : 2_000_000;
        runs.push(await variant(context, { how, entities: ENTITIES, rows, leftRows }));
      }
    }
    return runs;
  },
};

async function variant({ signal }: BenchContext, plan: JoinPlan): Promise<VariantRun> {
  const child = fork(MODULE, [JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal });
  const sampler = new ProcessSampler(child.pid!);
  try {
    const ended = once(child, 'exit').then(([code]) => {
      throw benchFault(`the join process ended with ${code}`);
    });
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [JoinResult];
    ended.catch(() => {});
    const { leftRows, outputRows, expectedRows, duplicatedRows, seconds, cpuSeconds } = result;
    const name = `join ${plan.how === 'backward' ? 'as-of' : 'linear'}, ${plan.rows} row${plan.rows > 1 ? 's' : ''} a record`;
    return {
      name,
      measures: [
        {
          metric: 'left rows',
          value: leftRows / seconds,
          unit: 'rows/s',
          ...(plan.rows > 1 && { limits: { goal: GOAL_ROWS } }),
        },
        { metric: 'records', value: leftRows / plan.rows / seconds, unit: 'records/s' },
        { metric: 'peak RssAnon', value: sampler.peakAnonymousBytes / MIB, unit: 'MiB' },
        { metric: 'CPU', value: cpuSeconds, unit: 's' },
        { metric: 'rows joined', value: outputRows, unit: 'rows', limits: { expected: expectedRows } },
        {
          metric: 'rows lost',
          value: Math.max(0, expectedRows - outputRows + duplicatedRows),
          unit: 'rows',
          limits: { most: 0 },
        },
        { metric: 'rows duplicated', value: duplicatedRows, unit: 'rows', limits: { most: 0 } },
      ],
    };
  } finally {
    sampler.stop();
    child.kill('SIGKILL');
  }
}
