import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadFunctions } from '../../processors/functions/load-functions.js';
import { type InputRecord, PartitionGraph } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { tempDir } from '../support/temp-dir.js';
import { dataRecord, type Row, schemaOf } from './telemetry.js';

const ROWS = 3_000_000;
const ROWS_A_RECORD = 1000;
const BAD = ROWS - 1;
const TEXTS = schemaOf(['n', 'i32'], ['speed', 'utf8']);
const MODULE = `export default (row) => {
  const ms = Number(row.speed);
  if (Number.isNaN(ms)) throw new Error(row.speed + ' is no number');
  return { ms };
};
`;

function* records(): Iterable<InputRecord> {
  for (let from = 0; from < ROWS; from += ROWS_A_RECORD) {
    const rows = Array.from({ length: ROWS_A_RECORD }, (_, i): Row => {
      const n = from + i;
      return { timeUs: 1e15 + n * 1000, n, speed: n === BAD ? 'n/a' : `${n % 100}` };
    });
    yield dataRecord('car/44/speed', TEXTS, rows, 1e15 + from * 1000);
  }
}

for (const policy of ['stop', 'dead-letter', 'skip'] as const) {
  test(`one bad text in the three-millionth row, and the policy is ${policy}`, async () => {
    const module = join(tempDir('bad-row'), 'speed.mjs');
    writeFileSync(module, MODULE);
    const plan: ProcessorPlan = {
      name: 'speed',
      from: [{ pattern: 'car/{car}/speed' }],
      steps: [{ verb: 'map', module, index: null }],
    };
    const functions = await loadFunctions([plan]);
    const graph = new PartitionGraph([plan], [], { functions, onError: { speed: policy } });
    let rows = 0;
    let sum = 0;
    let failure: Error | null = null;
    try {
      for (const record of records()) {
        for (const { batch } of graph.run([record])) {
          rows += batch.rows;
          const { values } = batch.columns[batch.schema.indexOf('ms')]!;
          for (let i = 0; i < batch.rows; i++) sum += values[i] as number;
        }
      }
    } catch (error) {
      failure = error as Error;
    }
    const letters = graph.takeFailed();
    if (policy === 'stop') {
      assert.equal(rows, ROWS - ROWS_A_RECORD, 'the records before it');
      assert.match(failure!.message, /processor speed, steps\[0\].*speed\.mjs:3:\d+.*n\/a is no number/s);
      assert.match(failure!.message, new RegExp(`timeUs ${1e15 + BAD * 1000}\\) of car/44/speed`));
      return;
    }
    assert.equal(failure, null);
    assert.equal(rows, ROWS - 1, 'all rows but one');
    assert.equal(sum, ((ROWS / 100) * 99 * 100) / 2 - (BAD % 100));
    assert.equal(graph.skippedRows, policy === 'skip' ? 1 : 0);
    assert.equal(letters.length, policy === 'dead-letter' ? 1 : 0);
    if (policy === 'dead-letter') {
      assert.deepEqual(JSON.parse(letters[0]!.original), { t: 1e15 + BAD * 1000, n: BAD, speed: 'n/a' });
    }
  });
}
