import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Sink } from '../../../sinks/sink.js';
import { rowsOf, workload } from '../../contract/sink-workload.js';
import { assertFailures } from '../assert-failures.js';
import { temporary } from './helpers.js';
import { underTest } from './under-test.js';

/**
 * A disk that takes no more, as the system says it: a child process whose files may not grow beyond a few KiB (ulimit
 * -f, with the signal ignored), so that writes end half way with an error, as on a full disk.
 */
const CHILD = fileURLToPath(new URL('./full-child.js', import.meta.url));
const skip = process.platform === 'win32' && 'needs a shell with ulimit';

for (const [format, kib] of [
  ['jsonl', 40],
  ['csv', 40],
  ['parquet', 4],
] as const) {
  test(`${format}: when no more can be written it fails as retryable, and after open nothing is lost or double`, {
    skip,
  }, async (t) => {
    const folder = temporary(t);
    const run = spawnSync(
      'bash',
      ['-c', `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$@"`, process.execPath, CHILD, format, folder],
      { encoding: 'utf8' },
    );
    assert.equal(run.status, 0, run.stderr);
    assertFailures(run.stdout, /EFBIG/);
    const batches = workload(31, 900);
    const sink: Sink = await underTest[format].make(folder);
    await sink.open();
    await sink.write(batches);
    await sink.flush(true);
    await sink.close();
    const rows = await underTest[format].readRows(folder);
    const { stored } = underTest[format];
    for (const [stream, wanted] of rowsOf(batches)) {
      const kept = wanted.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([, cell]) => !stored || stored(cell) !== undefined)),
      );
      assert.deepEqual(rows.get(stream), kept, stream);
    }
  });
}
