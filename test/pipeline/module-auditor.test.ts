import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { moduleAuditor } from '../../pipeline/module-auditor.js';
import { tempDir } from '../support/temp-dir.js';

const STORE = 'builder() {}, async send() {}';

function moduleOf(made: string) {
  const module = join(tempDir('module-auditor'), 'sink.mjs');
  writeFileSync(module, `export default function createSink({ options }) {\n  return { ${STORE}, ${made} };\n}\n`);
  return { module, options: { base: 5 } };
}

const stream = { name: 'a', tags: {}, fromUs: 0, toUs: 10 };

test('A module answers the audit with its own options and its own this; what it leaves out is left out.', async () => {
  const auditor = await moduleAuditor(
    'own',
    moduleOf(`auditor() {
      class Own {
        #base = options.base;
        async *times({ toUs }) { yield Float64Array.of(this.#base, toUs); }
        async close() {}
      }
      return new Own();
    }`),
  );
  const found: number[] = [];
  for await (const piece of auditor!.times(stream)) found.push(...piece);
  assert.deepEqual(found, [5, 10]);
  assert.equal(auditor!.holds, undefined);
  assert.equal(auditor!.overwriting, undefined);
  assert.deepEqual(await auditor!.faults!(null), []);
  await auditor!.close();
  assert.equal(await moduleAuditor('none', moduleOf('what: "none"')), null);
});

test('What a module throws while it is asked is a fault of its store, with the line, so that others are asked.', async () => {
  const auditor = await moduleAuditor(
    'broken',
    moduleOf(`auditor: () => ({
      async *times() { throw new Error('no such table'); },
      close: async () => {},
    })`),
  );
  const first = auditor!.times(stream)[Symbol.asyncIterator]().next();
  await assert.rejects(first, { code: 'sink-failed', message: /sink\.mjs:3:\d+: Error: no such table$/ });
});
