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

test('pitwall test runs functions of modules, those of dataframes and group steps, by the policy of their processor.', async () => {
  const beside = mkdtempSync(`${tmpdir()}/pitwall-test-`);
  test.after(() => rmSync(beside, { recursive: true }));
  writeFileSync(
    join(beside, 'twice.ts'),
    `export default (row: { speed: number }) => {
  if (row.speed < 0) throw new Error('the car goes backward');
  return { twice: row.speed * 2 };
};
`,
  );
  writeFileSync(
    join(beside, 'frame.ts'),
    "import { stream } from 'pitwall';\nexport default stream('car/{car}/gps').map(({ speed }) => ({ half: Number(speed) / 2 }));\n",
  );
  writeFileSync(
    join(beside, 'pitwall.yaml'),
    `processors:
  twice: { from: "car/{car}/gps", steps: [ { map: ./twice.ts } ], onError: skip }
  half: { use: ./frame.ts }
  by_lap: { from: "car/{car}/gps", steps: [ { group: { by: lap } }, { map: ./twice.ts } ], onError: skip }
`,
  );
  const given = `[{ stream: car/4/gps, at: 0s, speed: 10, lap: 1 }, { stream: car/4/gps, at: 1s, speed: -1, lap: 1 }]`;
  writeFileSync(
    join(beside, 'all.test.yaml'),
    `cases:
  - { name: Of a file., processor: twice, given: ${given}, expect: [{ at: 0s, twice: 20 }] }
  - { name: Of a frame., processor: half, given: ${given}, expect: [{ at: 0s, half: 5 }, { at: 1s, half: -0.5 }] }
  - { name: Behind a group., processor: by_lap, given: ${given}, expect: [{ stream: by_lap/1, at: 0s, twice: 20 }] }
`,
  );
  assert.deepEqual(await runPitwall(['test'], beside), {
    code: 0,
    stdout: 'all.test.yaml\n  ✓ Of a file.\n  ✓ Of a frame.\n  ✓ Behind a group.\n3 passed, 0 failed\n',
    stderr: '',
  });
});
