import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OriginPart } from '../../bus/bus.js';
import { Deduplicator, originOf } from '../../bus/deduplicate.js';

/** A row by its number and its place in it. */
type Row = readonly [sequence: number, row: number];

/** Rows as the parts of one record; now and then a record that is all of one number does without. */
function record(rows: readonly Row[], numbers: ReadonlyMap<number, number>, bare: boolean) {
  const parts: OriginPart[] = [];
  for (const [sequence, row] of rows) {
    const last = parts.at(-1);
    if (last?.sequence === sequence) last.rows++;
    else parts.push({ sequence, firstRow: row, rows: 1 });
  }
  const { sequence, rows: count } = parts.at(-1)!;
  const whole = parts.length === 1 && numbers.get(sequence) === count;
  return { sequence, parts: whole && bare ? undefined : parts };
}

const send = fc.record({
  origin: fc.nat(2),
  goBack: fc.nat(6),
  numbers: fc.integer({ min: 1, max: 6 }),
  cuts: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 8 }),
  crashAfter: fc.nat(12),
  restart: fc.boolean(),
});

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 30, maxLength: 30 });

test('rows that are sent again, cut into records in any other way, are taken once and in order, over restarts', () => {
  fc.assert(
    fc.property(
      fc.array(sizes, { minLength: 3, maxLength: 3 }),
      fc.array(send, { maxLength: 30 }),
      (origins, sends) => {
        // Numbers ascend and leave gaps.
        const numbers = origins.map((of) => new Map(of.map((rows, i) => [i * 3 + 1, rows] as const)));
        const taken: Row[][] = [[], [], []];
        /** Of each origin: the numbers of which all rows arrived. */
        const arrived = [0, 0, 0];
        let deduplicator = new Deduplicator();
        for (const { origin, goBack, numbers: count, cuts, crashAfter, restart } of sends) {
          const from = Math.max(0, arrived[origin]! - goBack);
          const chosen = [...numbers[origin]!].slice(from, from + count);
          const rows = chosen.flatMap(([sequence, n]) => Array.from({ length: n }, (_, i): Row => [sequence, i]));
          let sent = 0;
          for (let i = 0; sent < rows.length && i < crashAfter; i++) {
            const [size, bare] = cuts[i % cuts.length]!;
            const message = rows.slice(sent, sent + size);
            const { sequence, parts } = record(message, numbers[origin]!, bare);
            const known = deduplicator.take(`writer\n${origin}`, sequence, parts);
            assert.ok(known === Infinity || (Number.isInteger(known) && known >= 0));
            taken[origin]!.push(...message.slice(known));
            sent += message.length;
            if (restart) deduplicator = new Deduplicator(JSON.parse(JSON.stringify(deduplicator.snapshot())));
          }
          for (const [i, [, n]] of chosen.entries()) {
            if ((sent -= n) < 0) break;
            arrived[origin] = Math.max(arrived[origin]!, from + i + 1);
          }
        }
        for (const [origin, rows] of taken.entries()) {
          const all = [...numbers[origin]!].flatMap(([sequence, n]) =>
            Array.from({ length: n }, (_, i) => [sequence, i]),
          );
          assert.deepEqual(rows, all.slice(0, rows.length));
          const complete = [...numbers[origin]!.values()].slice(0, arrived[origin]).reduce((sum, n) => sum + n, 0);
          assert.ok(rows.length >= complete, 'all that arrived was taken');
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('numbers may leave gaps', () => {
  const deduplicator = new Deduplicator([['g', 10, 4]]);
  assert.deepEqual(
    [5, 17, 17, 16, 18].map((sequence) => deduplicator.take('g', sequence)),
    [Infinity, 0, Infinity, Infinity, 0],
  );
});

test('of a record that came in pieces before, the rest is new', () => {
  const deduplicator = new Deduplicator();
  assert.equal(deduplicator.take('g', 7, [{ sequence: 7, firstRow: 0, rows: 3 }]), 0);
  assert.equal(deduplicator.take('g', 7), 3, 'whole: the caller knows whether it has more than those');
  assert.equal(deduplicator.take('g', 7, [{ sequence: 7, firstRow: 3, rows: 2 }]), Infinity);
  const merged = [
    { sequence: 7, firstRow: 1, rows: 4 },
    { sequence: 9, firstRow: 0, rows: 2 },
  ];
  assert.equal(deduplicator.take('g', 9, merged), 4);
  assert.deepEqual(JSON.parse(JSON.stringify(deduplicator.snapshot())), [['g', 9, 2]]);
});

test('a record without rows leaves no mark that a checkpoint could not keep', () => {
  const deduplicator = new Deduplicator();
  assert.equal(deduplicator.take('g', 7, []), Infinity);
  assert.equal(deduplicator.take('g', 7, [{ sequence: 7, firstRow: 0, rows: 0 }]), Infinity);
  assert.deepEqual(deduplicator.snapshot(), []);
  assert.equal(deduplicator.take('g', 7), 0);
});

test('each stream of each writer is an origin of its own', () => {
  const pairs = [
    ['a', 'b c'],
    ['a b', 'c'],
    ['a', ''],
    ['a b c', ''],
  ];
  assert.equal(new Set(pairs.map(([writer, stream]) => originOf({ writer: writer!, stream: stream! }))).size, 4);
});
