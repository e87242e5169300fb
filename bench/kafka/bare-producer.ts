import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { benchFault } from '../bench-fault.js';
import type { BarePlan, BareResult } from './bare-plan.js';

const MODULE = fileURLToPath(new URL('./bare-process.js', import.meta.url));

/** Runs the bare producer in a process of its own. */
export async function bareProducer(plan: BarePlan, signal: AbortSignal): Promise<BareResult> {
  const child = fork(MODULE, [JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal });
  const ended = once(child, 'exit').then(([code]) => {
    throw benchFault(`the bare producer ended with ${code}`);
  });
  try {
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [BareResult];
    return result;
  } finally {
    ended.catch(() => {});
    child.kill('SIGKILL');
  }
}
