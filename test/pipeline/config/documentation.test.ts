import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES } from '../../../core/errors.js';
import { configReference } from '../../../pipeline/config/config-reference.js';
import { topKeys } from '../../../pipeline/config/keys/top-keys.js';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { readConfig } from '../../../pipeline/config/read-config.js';
import { checkPlans } from '../../../processors/check-plan.js';
import { problemsOf } from './problems-of.js';

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

test('The reference in docs/configuration.md is what `pitwall schema --markdown` prints.', () => {
  const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  const [, inside] = /<!-- reference: begin -->\n([\s\S]*)\n<!-- reference: end -->/.exec(page)!;
  assert.equal(
    inside,
    configReference(),
    'put the output of `npm run -s pitwall -- schema --markdown` between the marks',
  );
});

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

test('Every configuration in README.md and docs passes the checker, unless its first line says `# not yet`.', () => {
  const isConfig = new RegExp(`^(${Object.keys(topKeys).join('|')}):`, 'm');
  let checked = 0;
  for (const file of [...filesBelow('docs', '.md'), 'README.md', ...filesBelow('examples', '.md')]) {
    if (!existsSync(join(root, file))) continue;
    for (const [, block] of readFileSync(join(root, file), 'utf8').matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)) {
      if (!isConfig.test(block!) || block!.startsWith('# not yet')) continue;
      assert.deepEqual(problemsOf(block!, variablesOf(block!)), [], `${file}:\n${block}`);
      checked++;
    }
  }
  assert.ok(checked >= 2);
});

test('docs/errors.md explains each error code of the closed list once, and no other.', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const explained = [...page.matchAll(/^\| `([a-z-]+)` \| \S.* \| \S.* \|$/gm)].map((match) => match[1]);
  assert.deepEqual(explained, Object.keys(ERROR_CODES));
});
