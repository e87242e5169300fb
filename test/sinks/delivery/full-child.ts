import type { PitwallError } from '../../../core/errors.js';
import { HttpStore } from '../../../sinks/http/http-store.js';
import { delivered } from '../../contract/delivered.js';
import { workload } from '../../contract/sink-workload.js';

/** Delivers until the file of positions may not grow any more, opens again and tries again; one line a failure. */
const [url, folder] = process.argv.slice(2) as [string, string];
const store = new HttpStore({ url, headers: {}, format: 'json', gzip: false, positions: true });
const sink = delivered(store, folder);
const batches = workload(32, 200);
for (let attempt = 0; attempt < 3; attempt++) {
  try {
    await sink.open();
    for (let at = 0; at < batches.length; at += 5) {
      await sink.write(batches.slice(at, at + 5));
      await sink.flush(true);
    }
  } catch (error) {
    const { code, retryable, message } = error as PitwallError;
    process.stdout.write(`${JSON.stringify({ code, retryable, message })}\n`);
  }
}
process.exit(0);
