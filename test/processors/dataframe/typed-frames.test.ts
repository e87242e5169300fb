import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../../support/temp-dir.js';
import { compileModules } from './compile-modules.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const FIXTURE = 'test/processors/dataframe/typed-frames.ts';
const EXPECTATION = /^\/\/ @ts-expect-error: (.*)$/;

/** What tsc says of a text as a module of users, by line. It exports what it makes, whose types must have names. */
function compile(text: string): Map<number, string> {
  const folder = tempDir('types');
  const module = text.replace("'../../../pipeline/index.js'", "'pitwall'").replaceAll(/^const /gm, 'export const ');
  writeFileSync(join(folder, 'frames.ts'), module);
  return new Map(compileModules(folder).map(({ line, message }) => [line, message]));
}

test('Each wrong use of a frame fails to compile, each for its own reason, and right ones pass.', () => {
  const lines = readFileSync(join(root, FIXTURE), 'utf8').split('\n');
  assert.deepEqual([...compile(lines.join('\n'))], [], 'as it stands');
  const faults = compile(lines.map((line) => line.replace(EXPECTATION, '')).join('\n'));
  const expected = lines.flatMap((line, i) => (EXPECTATION.test(line) ? [i + 2] : []));
  assert.ok(expected.length > 20);
  assert.deepEqual([...faults.keys()], expected, 'without its expectations');
  for (const [line, reason] of [
    ["col('sped')", /Property 'sped' is missing/],
    ["col('tyre').mul", /Type 'string' is not assignable to type 'number'/],
    ['imu.joinAsOf(gps);', /both sides have this column; give the join a prefix/],
    ["mean('speed'));", /"aggregate"/],
  ] as const) {
    const at = lines.findIndex((text, i) => text.includes(line) && EXPECTATION.test(lines[i - 1]!));
    assert.match(faults.get(at + 1)!, reason);
  }
});
