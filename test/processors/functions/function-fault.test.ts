import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { OnError } from '../../../processors/failed-rows.js';
import { loadModule } from '../../../processors/modules/load-module.js';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../../processors/plan.js';
import { folderWith } from '../../support/folder-with.js';
import { dataRecord, schemaOf } from '../telemetry.js';
import { functionsOf, mapStep } from './with-functions.js';

/** Their messages say nothing of the line, and those that wait have no names and fail where none of their code runs. */
const MODULE = `import { readFile } from 'node:fs/promises';
function check(x) {
  if (x === 1) throw new Error('no');
  if (x === 2) throw new Error('no');
  return true;
}
export const functions = [
  (row) => check(row.x),
  async (row) => {
    if (row.x === 1) await readFile('./nowhere');
    if (row.x === 2) await readFile('./nowhere');
    return true;
  },
];
`;

let folder: string;
let functions: unknown[];

before(async () => {
  folder = folderWith({ 'check.mjs': MODULE });
  functions = (await loadModule(join(folder, 'check.mjs'))).functions as unknown[];
});

const plan = { name: 'm', from: [{ pattern: 'car/{car}/a' }], steps: [mapStep('check')] } as ProcessorPlan;
const rows = [0, 1, 2].map((x) => ({ timeUs: x, x }));
const record = dataRecord('car/1/a', schemaOf(['x', 'f64']), rows, 0);

/** What is said of the two rows that fail, as far as the policy has it said. */
async function messagesOf(of: unknown, policy: OnError): Promise<string[]> {
  const graph = new PartitionGraph([plan], [], { functions: functionsOf({ check: of }), onError: { m: policy } });
  try {
    if (graph.asks) await graph.runAsking([record]);
    else graph.run([record]);
  } catch (error) {
    return [(error as Error).message];
  }
  return [...graph.takeFailed().map(({ reason }) => reason), ...(policy === 'skip' ? graph.warnings : [])];
}

const KINDS: [what: string, at: number, lines: readonly number[], cause: string][] = [
  ['a function', 0, [3, 4], 'Error: no'],
  ['a function that waits', 1, [10, 11], 'Error: ENOENT.*'],
];
const SAID: Record<OnError, number> = { stop: 1, 'dead-letter': 2, skip: 1 };

for (const [what, at, lines, cause] of KINDS) {
  for (const policy of Object.keys(SAID) as OnError[]) {
    test(`onError ${policy}: what ${what} raises is told with module, line, stream, row and record.`, async () => {
      const messages = await messagesOf(functions[at], policy);
      assert.equal(messages.length, SAID[policy]);
      for (const [i, message] of messages.entries()) {
        const row = `at the row 1970-01-01T00:00:00\\.00000${i + 1}Z \\(timeUs ${i + 1}\\) of car/1/a`;
        assert.match(
          message.replaceAll(folder, '.'),
          new RegExp(
            `processor m, steps\\[0\\], map \\./check\\.mjs:${lines[i]}:\\d+: ${cause}; ${row}, of record ${record.offset}$`,
          ),
        );
      }
    });
  }
}
