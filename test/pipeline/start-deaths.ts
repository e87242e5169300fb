/**
 * Lane tasks on threads that die while they start. The file of START_DEATHS says how, a line a start (`exit`, `memory`,
 * `throw`); `always` stays. Only the threads of one place of the pool die, the first that comes here while there is a line.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const file = process.env.START_DEATHS!;
const [how, ...rest] = readFileSync(file, 'utf8').split('\n');

if (how !== '' && isVictim()) {
  if (how !== 'always') writeFileSync(file, rest.join('\n'));
  if (how === 'throw') throw new Error('cannot start');
  const kept: object[] = [];
  while (how === 'memory') kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
  process.exit(7);
}

function isVictim(): boolean {
  const { owner } = workerData as { owner: string };
  try {
    writeFileSync(`${file}.victim`, owner, { flag: 'wx' });
  } catch {}
  return readFileSync(`${file}.victim`, 'utf8') === owner;
}

export { default } from '../../pipeline/lanes/lane-worker.js';
