import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchContext, VariantRun } from '../bench-case.js';
import { benchFault } from '../bench-fault.js';
import { MIB } from '../cases/run-gateway.js';
import { ProcessSampler } from '../process-sampler.js';
import type { PlanCase, PlanResult, PlanRun } from './plan-case.js';

const MODULE = fileURLToPath(new URL('./plan-process.js', import.meta.url));
/** Rows of imu of a variant: with one row a record there are as many records. */
/** Many entities need many rows, whatever is asked for. */
const QUICK_ENTITIES_MAX = 1000;
const TOTAL = { quick: 50_000, single: 300_000, many: 2_000_000 };

/** Measures each case at each of its sizes of a record, every variant in a process of its own. */
export async function measurePlans(context: BenchContext, cases: readonly PlanCase[]): Promise<VariantRun[]> {
  const runs: VariantRun[] = [];
  for (const one of cases) {
    if (context.quick && one.entities > QUICK_ENTITIES_MAX) continue;
    for (const rows of one.rows) {
      const totalRows = context.quick ? TOTAL.quick : rows === 1 ? TOTAL.single : TOTAL.many;
      runs.push(await variant(context, one, { name: one.name, rows, totalRows }));
    }
  }
  return runs;
}

async function variant(
  { signal }: BenchContext,
  { name, goalRows, withTemps }: PlanCase,
  run: PlanRun,
): Promise<VariantRun> {
  const child = fork(MODULE, [JSON.stringify(run)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal });
  const sampler = new ProcessSampler(child.pid!);
  try {
    const ended = once(child, 'exit').then(([code]) => {
      throw benchFault(`the process of ${name} ended with ${code}`);
    });
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [PlanResult];
    ended.catch(() => {});
    const { rows, outputRows, expectedRows, duplicatedRows, seconds, cpuSeconds } = result;
    const goal = run.rows > 1 && goalRows !== null ? { limits: { goal: goalRows } } : {};
    return {
      name: `${name}, ${run.rows} row${run.rows > 1 ? 's' : ''} a record`,
      measures: [
        { metric: withTemps ? 'left rows' : 'rows', value: rows / seconds, unit: 'rows/s', ...goal },
        { metric: 'records', value: rows / run.rows / seconds, unit: 'records/s' },
        { metric: 'peak RssAnon', value: sampler.peakAnonymousBytes / MIB, unit: 'MiB' },
        { metric: 'CPU', value: cpuSeconds, unit: 's' },
        {
          metric: withTemps ? 'rows joined' : 'rows put out',
          value: outputRows,
          unit: 'rows',
          limits: { expected: expectedRows },
        },
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
