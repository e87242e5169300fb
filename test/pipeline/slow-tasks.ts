/** Tasks on a thread that takes a while to start. */
import { setTimeout as sleep } from 'node:timers/promises';

await sleep(500);
const { threadWatch } = await import('../../processors/thread-watch.js');

export default async function runTask(task: 'answer' | 'endless'): Promise<string> {
  if (task === 'endless') {
    threadWatch.run('a lane', 'its code', () => {
      for (;;);
    });
  }
  return task;
}
