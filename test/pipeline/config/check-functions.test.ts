import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfigBytes } from '../../../pipeline/config/read-config.js';
import { folderWith } from '../../support/folder-with.js';

const MODULES = {
  'plain.mjs': 'export default (row) => row.n > 0;\n',
  'broken.ts': 'export default (row: object) => {\n  return row..n;\n};\n',
  'none.mjs': 'export const row = () => true;\n',
  'later.mjs': `import { rowFunction } from 'pitwall';\n\nexport default rowFunction({ row: async (row) => row.n });\n`,
  'keeps.ts': `import { statefulFunction } from 'pitwall';

export default statefulFunction({ state: { n: 'i32' }, row: () => true });
`,
  'wrong.ts': `import { rowFunction } from 'pitwall';

export default rowFunction({ columns: { shift: 'boolean' as 'bool' }, row: () => true });
`,
};

async function problemsOf(processors: string): Promise<string[]> {
  const folder = folderWith(MODULES);
  const text = `processors:\n${processors}`;
  const { problems } = await loadModules(readConfigBytes(join(folder, 'pitwall.yaml'), Buffer.from(text), {}));
  return problems.map((problem) => formatProblem('f', problem).replaceAll(folder, ''));
}

test('Modules of map that are no functions are errors of the file, at the step, with the place in the module.', async () => {
  const problems = await problemsOf(`  p:
    from: a/b
    steps:
      - filter: n > 0
      - map: ./broken.ts
  q: { from: a/b, steps: [{ map: ./none.mjs }] }
  r: { from: a/b, steps: [{ map: ./wrong.ts }] }
  s: { from: a/b, steps: [{ map: ./plain.mjs }] }
  t: { from: a/b, steps: [{ map: ./later.mjs }] }
`);
  assert.equal(problems.length, 4, problems.join('\n'));
  assert.match(problems[0]!, /^f:6:14: processors\.p\.steps\[1\]\.map: \/broken\.ts:2:14: Expected identifier/);
  assert.match(
    problems[1]!,
    /^f:7:34: processors\.q\.steps\[0\]\.map: \/none\.mjs has no default export; write export/,
  );
  assert.match(
    problems[2]!,
    /^f:8:34: processors\.r\.steps\[0\]\.map: \/wrong\.ts:3:16: rowFunction: columns\.shift: "boolean"/,
  );
  assert.match(problems[3]!, /^f:10:34: processors\.t\.steps\[0\]\.map: .*row is async; write asyncFunction/);
});

test('Where rows may be left out, each step with state behind a function is named, in processors behind too.', async () => {
  const processors = (onError: string) => `  p:
    from: a/b
    steps:
      - rolling: { over: 1s, columns: { before: mean(n) } }
      - map: ./plain.mjs
      - rolling: { over: 1s, columns: { m: mean(n) } }
      - map: ./keeps.ts
      - map: ./plain.mjs
    onError: ${onError}
  q: { from: p, steps: [{ sort: { lateness: 1s } }] }
`;
  assert.deepEqual(await problemsOf(processors('stop')), []);
  const why = 'fails for are left out (onError: skip): they will be missing in this';
  assert.deepEqual(await problemsOf(processors('skip')), [
    `f:7:18: warning: processors.p.steps[2].rolling: rows that a map ${why} rolling`,
    `f:8:14: warning: processors.p.steps[3].map: rows that a map ${why} map`,
    `f:11:33: warning: processors.q.steps[0].sort: rows that a map of p ${why} sort`,
  ]);
});
