import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchContext, VariantRun } from '../bench-case.js';
import { benchFault } from '../bench-fault.js';
import { ProcessSampler } from '../process-sampler.js';
import type { StepsPlan, StepsResult } from '../steps/steps-plan.js';
import { MIB } from './run-gateway.js';

const MODULE = fileURLToPath(new URL('../steps/steps-process.js', import.meta.url));

/** Runs steps over encoded records in a child process. `of` says what is counted. */
export async function runSteps(
  { signal }: BenchContext,
  name: string,
  of: string,
  goalRows: number | null,
  plan: StepsPlan,
): Promise<VariantRun> {
  const child = fork(MODULE, [JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal });
  const sampler = new ProcessSampler(child.pid!);
  try {
    const ended = once(child, 'exit').then(([code]) => {
      throw benchFault(`the process of the steps ended with ${code}`);
    });
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [StepsResult];
    ended.catch(() => {});
    const { rows, outputRows, expectedRows, duplicatedRows, seconds, cpuSeconds } = result;
    return {
      name: `${name}, ${plan.rows} row${plan.rows > 1 ? 's' : ''} a record`,
      measures: [
        {
          metric: of,
          value: rows / seconds,
          unit: 'rows/s',
          ...(plan.rows > 1 && goalRows !== null && { limits: { goal: goalRows } }),
        },
        { metric: 'records', value: rows / plan.rows / seconds, unit: 'records/s' },
        { metric: 'peak RssAnon', value: sampler.peakAnonymousBytes / MIB, unit: 'MiB' },
        { metric: 'CPU', value: cpuSeconds, unit: 's' },
        { metric: 'rows given', value: outputRows, unit: 'rows', limits: { expected: expectedRows } },
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
