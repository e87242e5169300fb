import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cellAt } from '../../../columnar/batch.js';
import { AvroConnection, readAvro, readSequence, sortedBatch } from '../../../gateway/decoders/avro.js';

const page = readFileSync(new URL('../../../../docs/devices-avro.md', import.meta.url), 'utf8');

/** Writes two frames, the second without columns, each behind its length. */
const MAIN = `
#include <stdio.h>
int main(void) {
  int16_t ax[ROWS]; float temp[ROWS]; uint8_t frame[1024];
  for (int f = 0; f < 2; f++) {
    for (int i = 0; i < ROWS; i++) { ax[i] = (int16_t)(f * 1000 - i); temp[i] = 20.5f + (float)i; }
    uint32_t n = (uint32_t)write_frame(frame, f + 1, f == 0, 1711111111123456LL + f * 500000LL, ax, temp);
    fwrite(&n, 4, 1, stdout); fwrite(frame, 1, n, stdout);
  }
  return 0;
}
`;

test('the C of docs/devices-avro.md compiles without a warning and writes frames that are read cell by cell', (t) => {
  const code = /```c\n([\s\S]*?)```/.exec(page)?.[1];
  assert.ok(code !== undefined, 'the page has no C example');
  if (spawnSync('gcc', ['--version']).status !== 0) {
    t.skip('NOT TESTED: gcc is not installed, so the C example of docs/devices-avro.md was not compiled');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pitwall-c-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'device.c'), code + MAIN);
  const program = join(folder, 'device');
  const flags = [
    '-std=c99',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-pedantic',
    '-fsanitize=undefined',
    '-fsanitize-undefined-trap-on-error',
  ];
  const built = spawnSync('gcc', [...flags, '-o', program, join(folder, 'device.c')], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const { stdout, status } = spawnSync(program);
  assert.equal(status, 0);
  const connection = new AvroConnection();
  let at = 0;
  for (let f = 0; f < 2; f++) {
    const end = at + 4 + stdout.readUInt32LE(at);
    const frame = stdout.subarray(at + 4, end);
    at = end;
    assert.equal(readSequence(frame), f + 1);
    const read = readAvro(frame, connection);
    assert.deepEqual(
      [read.packed.stream, read.packed.columns.length, read.ascending],
      ['car/44/imu', f === 0 ? 2 : 0, true],
    );
    const batch = sortedBatch(read);
    assert.equal(batch.rows, 50);
    for (let i = 0; i < 50; i++) {
      assert.equal(batch.timeUs[i], 1_711_111_111_123_456 + f * 500_000 + i * 10_000);
      assert.equal(cellAt(batch, 0, i), (f * 1000 - i) * 0.001);
      assert.equal(cellAt(batch, 1, i), 20.5 + i);
    }
  }
  assert.equal(at, stdout.length);
});
