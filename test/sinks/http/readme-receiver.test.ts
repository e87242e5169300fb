import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HttpStore } from '../../../sinks/http/http-store.js';
import { delivered } from '../../contract/delivered.js';
import { rowsOf, workload } from '../../contract/sink-workload.js';
import { codeBlocks } from '../../docs/code-blocks.js';
import { hasCommand, skipIf } from '../../servers/install.js';
import { atExit } from '../../support/at-exit.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/free-port.js';
import { tempDir } from '../../support/temp-dir.js';

const needs = skipIf(hasCommand('python3', '--version') ? null : 'there is no python3');

test('The receiver of the README has each row once, also of rows that are sent again.', needs, async () => {
  const [dir, port] = [tempDir('receiver'), await freePort()];
  const [code] = codeBlocks('sinks/http/README.md', 'python');
  assert.ok(code!.includes('9000'));
  writeFileSync(join(dir, 'receiver.py'), code!.replace('9000', String(port)));
  const python = spawn('python3', ['receiver.py'], { cwd: dir, stdio: 'ignore' });
  atExit(() => python.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}/rows`;
  await eventually('it answers', () =>
    fetch(url, { method: 'HEAD' }).then(
      () => true,
      () => false,
    ),
  );
  const batches = workload(61, 200);
  // A state folder of its own each time: nothing is known of what was sent before.
  for (const state of ['one', 'two']) {
    const store = new HttpStore({ url, headers: {}, format: 'json', gzip: false, positions: true });
    const sink = delivered(store, join(dir, state));
    await sink.open();
    await sink.write(batches);
    await sink.flush(true);
    await sink.close();
  }
  python.kill();
  const read =
    'import sqlite3, json; print(json.dumps(sqlite3.connect("rows.db").execute("SELECT stream, time_us FROM rows").fetchall()))';
  const stored = JSON.parse(execFileSync('python3', ['-c', read], { cwd: dir, encoding: 'utf8' })) as [
    string,
    number,
  ][];
  const sent = [...rowsOf(batches)].flatMap(([stream, rows]) => rows.map(({ timeUs }) => [stream, timeUs]));
  assert.ok(sent.length > 1_000);
  assert.deepEqual(stored.map(String).sort(), sent.map(String).sort());
});
