/** Tasks for the tests of the worker pool and the scheduler; a module of its own, since functions do not cross threads. */
import { existsSync, writeFileSync } from 'node:fs';
import { emptyReport, type LaneReport, type LaneTask } from '../../pipeline/lanes/lane.js';

let opened = false;

type Task = 'answer' | 'die' | 'die later' | LaneTask;

export default async function runTask(task: Task): Promise<string | LaneReport> {
  if (task === 'die') process.exit(3);
  if (task === 'die later') {
    setTimeout(() => {
      throw new Error('a stray fault');
    }, 5);
  }
  if (typeof task === 'string') return task;
  return runLane(task);
}

/** A lane whose thread dies in its first step ever; `folders.ingest` is the file that remembers it. */
async function runLane({ action, spec }: LaneTask): Promise<LaneReport> {
  const report = emptyReport();
  if (action === 'open') opened = true;
  else if (action === 'step') {
    if (!existsSync(spec.folders.ingest)) {
      writeFileSync(spec.folders.ingest, 'died');
      process.exit(3);
    }
    if (!opened) return { ...report, fault: { message: 'not open', retryable: true, bus: false } };
    return { ...report, records: 1, rows: 7 };
  }
  return report;
}
