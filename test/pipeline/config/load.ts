import assert from 'node:assert/strict';
import { join } from 'node:path';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfig } from '../../../pipeline/config/read-config.js';
import { folderWith } from '../../support/folder-with.js';

/** Reads a configuration with the files that it names; `problems` are as `LINE:COLUMN: message`. */
export async function load(yaml: string, files: Record<string, string>) {
  const folder = folderWith({ 'pitwall.yaml': yaml, ...files });
  const loaded = await loadModules(readConfig(join(folder, 'pitwall.yaml'), {}));
  const problems = loaded.problems.map((problem) => formatProblem('y', problem).replaceAll(folder, '.').slice(2));
  assert.equal(
    loaded.config === null,
    loaded.problems.some(({ severity }) => severity === 'error'),
  );
  return { ...loaded, problems };
}
