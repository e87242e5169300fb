import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { caseFileSchema } from '../../pipeline/cases/case-keys.js';
import { runPitwall } from './run-pitwall.js';

const folder = mkdtempSync(`${tmpdir()}/pitwall-test-`);
test.after(() => rmSync(folder, { recursive: true }));

const CASES = `processor: kmh
cases:
  - name: It is right.
    given: [{ stream: car/4/gps, at: 0s, speed: 10 }]
    expect: [{ at: 0s, kmh: 36 }]
  - name: It is wrong.
    given: [{ stream: car/4/gps, at: 0s, speed: 10 }]
    expect: [{ at: 0s, kmh: 37 }]
`;

test('pitwall test runs the files beside the configuration, says which case failed where, and writes nothing.', async () => {
  writeFileSync(
    join(folder, 'pitwall.yaml'),
    'processors: { kmh: { from: "car/{car}/gps", steps: [columns: { kmh: speed * 3.6 }] } }\n',
  );
  const none = await runPitwall(['test'], folder);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /there is no \*\.test\.yaml beside pitwall\.yaml/);

  writeFileSync(join(folder, 'kmh.test.yaml'), CASES);
  assert.deepEqual(await runPitwall(['test'], folder), {
    code: 1,
    stdout: `kmh.test.yaml
  ✓ It is right.
  ✗ It is wrong. (kmh.test.yaml:6)
      row 1: kmh is 36, not 37
          at  kmh
      > - 0s  37
      > + 0s  36
              ^^
1 passed, 1 failed
`,
    stderr: '',
  });

  writeFileSync(join(folder, 'right.yaml'), CASES.slice(0, CASES.indexOf('  - name: It is wrong')));
  const right = await runPitwall(['test', '-c', 'pitwall.yaml', 'right.yaml'], folder);
  assert.deepEqual([right.code, right.stdout], [0, 'right.yaml\n  ✓ It is right.\n1 passed, 0 failed\n']);

  writeFileSync(join(folder, 'broken.test.yaml'), CASES.replace('speed: 10', 'speed: 10, at: 5'));
  const broken = await runPitwall(['test', 'broken.test.yaml', 'missing.test.yaml'], folder);
  assert.equal(broken.code, 78);
  assert.match(broken.stderr, /^broken\.test\.yaml:4:\d+: the key "at" stands twice/);
  assert.match(broken.stderr, /^missing\.test\.yaml:1:1: there is no such file; name files of cases/m);
  assert.deepEqual(readdirSync(folder).sort(), ['broken.test.yaml', 'kmh.test.yaml', 'pitwall.yaml', 'right.yaml']);
});

test('pitwall schema --test prints the JSON Schema of files of cases.', async () => {
  assert.deepEqual(JSON.parse((await runPitwall(['schema', '--test'], folder)).stdout), caseFileSchema());
  assert.equal((await runPitwall(['schema', '--test', '--markdown'], folder)).code, 2);
});
