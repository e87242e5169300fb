import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { benchFault } from '../bench-fault.js';
import { ProcessSampler } from '../process-sampler.js';
import type { PassResult } from './sink-process.js';
import type { Pass } from './subject.js';

const MODULE = fileURLToPath(new URL('./sink-process.js', import.meta.url));

/** Runs one pass in a process of its own; `peakBytes` is the most anonymous memory of it. */
export async function runPass(pass: Pass, signal: AbortSignal): Promise<PassResult & { peakBytes: number }> {
  const child = fork(MODULE, [JSON.stringify(pass)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal });
  const sampler = new ProcessSampler(child.pid!);
  const ended = once(child, 'exit').then(([code]) => {
    throw benchFault(`the process that writes to ${pass.store} (${pass.side}) ended with ${code}`);
  });
  try {
    await Promise.race([once(child, 'message'), ended]);
    child.send('go');
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [PassResult];
    return { ...result, peakBytes: sampler.peakAnonymousBytes };
  } finally {
    ended.catch(() => {});
    sampler.stop();
    child.kill('SIGKILL');
  }
}
