import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reachedFrom } from './support/imports.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Manifest {
  bin: Record<string, string>;
  exports: Record<string, string | { types: string; default: string }>;
  dependencies: Record<string, string>;
}

interface Packed {
  files: { path: string }[];
}

test('The package holds all that its command and its exports load, and depends on the rest.', () => {
  const { bin, exports, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const packed = new Set((JSON.parse(listed) as Packed[])[0]!.files.map(({ path }) => path));
  const modules = Object.values(exports).flatMap((each) => (typeof each === 'string' ? [] : [each]));
  assert.equal(modules.length, 2);
  for (const entry of [...Object.values(bin), ...modules.map((each) => each.default)]) {
    const reached = [...reachedFrom(entry.replace(/^(\.\/)?dist\//, ''))];
    const files = reached.filter((name) => name.endsWith('.js') && !Object.hasOwn(dependencies, name));
    assert.ok(files.length > 5, entry);
    assert.deepEqual(
      files.filter((file) => !packed.has(`dist/${file}`)),
      [],
      `what ${entry} loads is in "files" of package.json`,
    );
    const packages = reached.filter((name) => !files.includes(name) && !name.startsWith('node:'));
    assert.deepEqual(
      packages.filter((name) => !Object.hasOwn(dependencies, name)),
      [],
      `what ${entry} loads is a dependency`,
    );
  }
  for (const { types } of modules) assert.ok(packed.has(types.slice('./'.length)), types);
});
