import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES } from '../../../core/errors.js';
import { topKeys } from '../../../pipeline/config/keys/top-keys.js';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfig } from '../../../pipeline/config/read-config.js';
import { checkPlans } from '../../../processors/check-plan.js';
import { folderWith } from '../../support/folder-with.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

function filesBelow(folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.endsWith('.test.yaml'))
    .map((name) => join(folder, name));
}

/** A text for each variable without a default. */
function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => [match[1]!, 'some-text']));
}

test('The bundled configuration and every YAML file of the examples pass the checker without a warning.', async () => {
  const files = ['pitwall.yaml', ...filesBelow('examples', '.yaml')];
  assert.ok(files.length >= 3);
  for (const file of files) {
    const { config, problems } = await loadModules(readConfig(join(root, file), {}));
    assert.deepEqual(problems, [], file);
    const plans = config!.processors.map((processor) => processor.plan);
    assert.deepEqual(
      checkPlans(plans, () => null),
      [],
      `the processors take the plans of ${file}`,
    );
  }
});

/** A configuration of a page, and what is printed right below it where it is wrong. */
const BLOCK = /^```ya?ml\n([\s\S]*?)^```(?:\n\n```text\n(pitwall\.yaml:[\s\S]*?)^```)?/gm;

test('Every configuration in README.md, docs, examples and sinks has the problems that stand below it, or none, unless its first line says `# not yet`.', () => {
  const isConfig = new RegExp(`^(${Object.keys(topKeys).join('|')}):`, 'm');
  let checked = 0;
  let wrong = 0;
  for (const file of ['README.md', ...['docs', 'examples', 'sinks'].flatMap((folder) => filesBelow(folder, '.md'))]) {
    if (!existsSync(join(root, file))) continue;
    const page = readFileSync(join(root, file), 'utf8');
    for (const { index, 1: block, 2: problems = '' } of page.matchAll(BLOCK)) {
      if (!isConfig.test(block!) || block!.startsWith('# not yet')) continue;
      // A schema that it names is the JSON above it.
      const schema = /schema: (\S+\.avsc)/.exec(block!)?.[1];
      const json = [...page.slice(0, index).matchAll(/^```json\n([\s\S]*?)^```/gm)].at(-1)?.[1];
      const folder = folderWith({ 'pitwall.yaml': block!, ...(schema && { [schema]: json! }) });
      const reading = readConfig(join(folder, 'pitwall.yaml'), variablesOf(block!));
      const said = reading.problems.map((problem) => `${formatProblem('pitwall.yaml', problem)}\n`).join('');
      assert.equal(said, problems, `${file}:\n${block}`);
      checked++;
      if (problems !== '') wrong++;
    }
  }
  assert.ok(checked >= 2 && wrong >= 1);
});

test('docs/errors.md explains each error code of the closed list once, and no other.', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const explained = [...page.matchAll(/^\| `([a-z-]+)` \| \S.* \| \S.* \|$/gm)].map((match) => match[1]);
  assert.deepEqual(explained, Object.keys(ERROR_CODES));
});
