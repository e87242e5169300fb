/** Lets a thread die while it has no task, then waits for a task on its successor and for nothing else. */
import { WorkerPool } from '../../processors/worker-pool.js';

const pool = new WorkerPool<string, string>(new URL('./pool-tasks.js', import.meta.url), 1);
await pool.run(0, 'die later');
await new Promise((next) => setTimeout(next, 60));
process.stdout.write(await pool.run(0, 'answer'));
await pool.close();
