import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { partitionOf } from '../../../core/partitioner.js';
import { rowKeys } from '../../../processors/grouping/group-keys.js';
import { groupedRecords } from '../../../processors/grouping/grouped-records.js';
import { SpreadRows } from '../../../processors/grouping/spread-rows.js';
import { batchOf, type Cell, packedOf, type Row, rowsOf, schemaOf } from '../telemetry.js';

const SCHEMA = schemaOf(
  ['n', 'i32'],
  ['gear', 'i16', 0.5, 1],
  ['speed', 'f64'],
  ['wet', 'bool'],
  ['lap', 'i64'],
  ['tyre', 'utf8'],
);

const row = fc.record({
  gear: fc.option(fc.integer({ min: -3, max: 3 })),
  speed: fc.option(fc.constantFrom(0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY)),
  wet: fc.option(fc.boolean()),
  lap: fc.option(fc.integer({ min: -2, max: 2 })),
  tyre: fc.option(fc.constantFrom('soft', '', 'C3/hard', '(null)', '100%', 'ä+#', 'x'.repeat(400))),
});

const batches = fc.array(row, { minLength: 1, maxLength: 40 }).map((rows) =>
  batchOf(
    's',
    SCHEMA,
    rows.map((each, i): Row => ({ timeUs: 1e15 + i, n: i, ...each })),
  ),
);
const columns = fc.uniqueArray(fc.constantFrom('gear', 'speed', 'wet', 'lap', 'tyre', 'none'), { minLength: 1 });

/** What rows have in common that belong together, written from the definition. */
function identity(each: Row, by: readonly string[]): string {
  return JSON.stringify(by.map((name) => textOf(each[name] ?? null)));
}

function textOf(cell: Cell): string | null {
  if (cell === null) return null;
  return typeof cell === 'number' ? String(cell + 0) : String(cell);
}

test('rows have one key exactly when the values of the columns are equal, and a key is a name of a stream', () => {
  fc.assert(
    fc.property(batches, columns, (batch, by) => {
      const { codes, keys, tags } = rowKeys(batch, by);
      const byKey = new Map<string, string>();
      const byIdentity = new Map<string, string>();
      rowsOf(batch).forEach((each, i) => {
        const key = keys[codes[i]!]!;
        const same = identity(each, by);
        assert.equal(byKey.get(key) ?? same, same, key);
        assert.equal(byIdentity.get(same) ?? key, key, same);
        byKey.set(key, same);
        byIdentity.set(same, key);
        assert.deepEqual(
          tags[codes[i]!],
          Object.fromEntries(by.map((name) => [name, textOf(each[name] ?? null)]).filter(([, text]) => text !== null)),
        );
      });
      for (const key of keys) {
        assert.ok(key.length <= 200 && !/[+#{}]/.test(key) && key.split('/').every((level) => level !== ''), key);
      }
    }),
    { numRuns: 300 },
  );
});

test('every row goes to the partition of its key and comes out there under it, in order', () => {
  fc.assert(
    fc.property(batches, columns, fc.integer({ min: 1, max: 5 }), (batch, by, partitions) => {
      const spread = new SpreadRows(by, partitions);
      const seen: number[] = [];
      for (const [partition, rows] of spread.parts(batch, {})) {
        const record = { offset: 0, kind: 'data' as const, key: '', stream: 't', receivedUs: 0, tags: {} };
        for (const out of groupedRecords({ ...record, packed: packedOf(rows), schema: SCHEMA }, 't', by)) {
          assert.equal(partitionOf(out.key, partitions), partition);
          assert.equal(out.stream, `t/${out.key}`);
          const numbers = rowsOf(out.batch!).map(({ n }) => n as number);
          assert.deepEqual(
            numbers,
            [...numbers].sort((a, b) => a - b),
          );
          seen.push(...numbers);
        }
      }
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        rowsOf(batch).map(({ n }) => n),
      );
    }),
    { numRuns: 300 },
  );
});

test('a tag to group by becomes a column, since the rows of many streams come together', () => {
  const batch = batchOf('s', SCHEMA, [{ timeUs: 1, n: 1 }]);
  const [[, rows]] = [...new SpreadRows(['car'], 3).parts(batch, { car: '44', team: 'b' })] as [[number, typeof batch]];
  assert.deepEqual(rowsOf(rows)[0]!.car, '44');
  assert.equal(rows.schema.indexOf('team'), -1);
});
