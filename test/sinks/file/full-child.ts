import type { PitwallError } from '../../../core/errors.js';
import { workload } from '../../contract/sink-workload.js';
import { underTest } from './under-test.js';

/** Writes until the files may not grow any more, opens again and tries again; one line a failure. */
const [format, folder] = process.argv.slice(2) as ['jsonl' | 'csv' | 'parquet', string];
const sink = await underTest[format].make(folder);
const batches = workload(31, 900);
for (let attempt = 0; attempt < 3; attempt++) {
  try {
    await sink.open();
    for (let at = 0; at < batches.length; at += 30) {
      await sink.write(batches.slice(at, at + 30));
      await sink.flush(format === 'parquet' && at > 600);
    }
  } catch (error) {
    const { code, retryable, message } = error as PitwallError;
    process.stdout.write(`${JSON.stringify({ code, retryable, message })}\n`);
  }
}
