import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchContext, VariantRun } from '../bench-case.js';
import { benchFault } from '../bench-fault.js';
import type { EncoderCase, EncoderResult } from './encoder-case.js';

const MODULE = fileURLToPath(new URL('./encoder-process.js', import.meta.url));
const DURATION_MS = { quick: 200, full: 2_000 };

/** Measures each case in a process of its own. */
export async function measureEncoders(context: BenchContext, cases: readonly EncoderCase[]): Promise<VariantRun[]> {
  const runs: VariantRun[] = [];
  for (const one of cases) runs.push(await variant(context, one));
  return runs;
}

async function variant({ quick, signal }: BenchContext, one: EncoderCase): Promise<VariantRun> {
  const durationMs = quick ? DURATION_MS.quick : DURATION_MS.full;
  const args = [JSON.stringify(one), String(durationMs)];
  const child = fork(MODULE, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal });
  try {
    const ended = once(child, 'exit').then(([code]) => {
      throw benchFault(`the process of ${one.name} ended with ${code}`);
    });
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [EncoderResult];
    ended.catch(() => {});
    const { values, bytes, seconds, cpuSeconds } = result;
    return {
      name: `${one.name}, ${one.rows} rows a record`,
      measures: [
        { metric: 'values', value: values / seconds, unit: 'values/s', limits: { goal: one.goalValues } },
        { metric: 'values a CPU second', value: values / cpuSeconds, unit: 'values/s' },
        { metric: 'bytes', value: bytes / values, unit: 'bytes/value' },
      ],
    };
  } finally {
    child.kill('SIGKILL');
  }
}
