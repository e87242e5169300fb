import { parentPort, workerData } from 'node:worker_threads';
import { LogBus } from '../../../bus/log/log-bus.js';

/**
 * A reader in a thread or a process of its own: reads partition 0 of `telemetry` until it has `records`, and answers
 * with the sum of their sequence numbers. As a process: `node reader-worker.js DIR RECORDS`.
 */
const { dir, records } = (workerData as { dir: string; records: number } | null) ?? {
  dir: process.argv[2]!,
  records: Number(process.argv[3]),
};
const answer = (text: string): void => {
  if (parentPort) parentPort.postMessage(text);
  else process.stdout.write(`${text}\n`);
};
const bus = LogBus.open({ dir, readOnly: true });
answer('ready');
let sum = 0;
let at = 0;
while (at < records) {
  // Reads in a tight loop, as long as there is something: a snapshot that went stale would never show the rest.
  for (let idle = 0; idle < 1000 && at < records; idle++) {
    const run = bus.read('telemetry', 0, at, 100_000);
    for (const record of run.records) sum += record.sequence;
    if (run.records.length > 0) idle = 0;
    at = run.next;
  }
  await new Promise((resolve) => setImmediate(resolve));
}
answer(`sum ${sum} fact ${bus.fact('test', 'done')?.toString()}`);
await bus.close();
