import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sinkTypes } from '../../pipeline/config/sinks/sink-types.js';
import { pages, partsOf, renewed, root } from './generated-parts.js';

const read = (page: string) => readFileSync(join(root, page), 'utf8');

test('The generated parts of all pages are what the schema and the files say.', () => {
  for (const page of pages()) assert.equal(read(page), renewed(read(page)), `${page} is stale; run npm run docs`);
});

test('The reference of the configuration has all keys, and the README of each sink its options.', () => {
  assert.deepEqual(partsOf(read('docs/configuration.md')), ['reference']);
  for (const type of Object.keys(sinkTypes)) {
    const page = type === 'module' ? 'docs/sinks.md' : `sinks/${type}/README.md`;
    assert.ok(partsOf(read(page)).includes(`options of ${type}`), `${page} lacks <!-- options of ${type}: begin -->`);
  }
});

test('A stale part is made anew, and what stands around it stays.', () => {
  const stale = 'a\n<!-- options of console: begin -->\nold\n<!-- options of console: end -->\nb\n';
  const fresh = renewed(stale);
  assert.match(
    fresh,
    /^a\n<!-- options of console: begin -->\n\| key \|[\s\S]*`from`[\s\S]*\|\n<!-- .*: end -->\nb\n$/,
  );
  assert.equal(renewed(fresh), fresh);
  assert.throws(() => renewed(stale.replaceAll('console', 'consule')), /no sink of type consule/);
});
