import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { workload } from '../../contract/sink-workload.js';
import { assertFailures } from '../assert-failures.js';
import { Receiver } from '../http/receiver.js';
import { Branch, jsonRowsOf } from './delivering.js';

/** As the system says it: in a child process no file may grow beyond a KiB, so that writes end half way with an error. */
const CHILD = fileURLToPath(new URL('./full-child.js', import.meta.url));
const LIMITED = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`;

test('When there is no room for the positions of a branch it fails as retryable, with the folder, and every row is stored once in the end.', {
  skip: process.platform === 'win32' && 'needs a shell with ulimit',
}, async () => {
  const receiver = await new Receiver().start();
  const branch = new Branch(receiver);
  const url = `${receiver.origin}${branch.path}`;
  const child = spawn('bash', ['-c', LIMITED, process.execPath, CHILD, url, branch.folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(status, 0);
  assertFailures(output, /^positions cannot be kept in \S+\/state: EFBIG.*; make room, or mend its rights$/);
  const batches = workload(32, 200);
  const before = branch.rows;
  assert.ok(before.size > 0 && receiver.posts(branch.path).length > 0);
  await branch.deliver(batches);
  assert.deepEqual(branch.rows, jsonRowsOf(batches));
  await receiver.stop();
});
