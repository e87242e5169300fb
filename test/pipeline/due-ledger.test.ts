import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { field } from '../../columnar/schema.js';
import { DueLedger } from '../../pipeline/audit/due-ledger.js';
import type { RowState } from '../../pipeline/audit/remaining-rows.js';
import { recordOf, START_US } from '../sinks/record-of.js';

interface Row {
  stream: string;
  time: number;
  /** Null: the row takes no other's place. */
  identity: number | null;
  state: RowState;
  isHeld: boolean;
}

const UNIT_US = 4;
const row: fc.Arbitrary<Row> = fc.record({
  stream: fc.constantFrom('a', 'b'),
  time: fc.integer({ min: 0, max: 12 }),
  identity: fc.option(fc.integer({ min: 0, max: 3 })),
  state: fc.constantFrom<RowState>('passed', 'waiting', 'unknown'),
  isHeld: fc.boolean(),
});

/** What a ledger says of rows, each a record of its own, by stream. */
function ledgerOf(rows: readonly Row[], unitUs: number | null) {
  const of = ({ batch }: { batch: ReturnType<typeof recordOf>['batch'] }) => batch.columns[0]!.values[0] as number;
  const ledger = new DueLedger({
    holds: (record) => rows[of(record)]!.isHeld,
    overwriting: { unitUs, identity: (record) => rows[of(record)]!.identity?.toString() ?? null },
  });
  for (const [n, { stream, time, state }] of rows.entries())
    ledger.add(recordOf({ stream, times: [time], columns: [[field('n', 'i32'), [n]]] }), state);
  return new Map(
    [...ledger.settle()].map(([stream, { times, waiting, unstorable, overwritten }]) => [
      stream,
      { times: [...times.sorted()].map((time) => time - START_US), waiting, unstorable, overwritten },
    ]),
  );
}

/** By the words of the contract; `remain` is what is there of those rows when all of them are written. */
function oracle(
  rows: readonly Row[],
  remain: (held: readonly Row[]) => readonly Row[],
  round: (time: number) => number,
) {
  const held = rows.filter(({ isHeld }) => isHeld);
  const there = new Set(remain(held));
  const count = (all: readonly Row[], is: (row: Row) => boolean) => all.filter(is).length;
  return new Map(
    [...new Set(rows.map(({ stream }) => stream))].sort().map((stream) => {
      const own = held.filter((each) => each.stream === stream);
      const due = own.filter((each) => each.state !== 'waiting' && there.has(each));
      return [
        stream,
        {
          times: due.map(({ time }) => round(time)).sort((a, b) => a - b),
          waiting: count(own, ({ state }) => state === 'waiting'),
          unstorable: count(rows, (each) => each.stream === stream && !each.isHeld),
          overwritten: count(own, (each) => each.state !== 'waiting' && !there.has(each)),
        },
      ];
    }),
  );
}

test('Of rows with one identity the latest is due, of those with one time the last; none is while the latest waits.', () => {
  const remain = (held: readonly Row[]) =>
    held.filter(({ identity, time }, n) => {
      const rivals = held.flatMap((each, m) => (each.identity === identity && m !== n ? [{ ...each, m }] : []));
      return identity === null || !rivals.some((other) => other.time > time || (other.time === time && other.m > n));
    });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      assert.deepEqual(
        ledgerOf(rows, null),
        oracle(rows, remain, (time) => time),
      );
    }),
  );
});

test('Of rows with one stream, identity and unit of time one is due, with that unit for its time.', () => {
  // Records begin at a whole unit.
  assert.equal(START_US % UNIT_US, 0);
  const round = (time: number) => Math.floor(time / UNIT_US) * UNIT_US;
  const remain = (held: readonly Row[]) => {
    const points = new Set<string>();
    return held.filter(({ identity, state, stream, time }) => {
      const point = JSON.stringify([stream, identity, round(time)]);
      if (identity === null) return true;
      if (state === 'waiting' || points.has(point)) return false;
      points.add(point);
      return true;
    });
  };
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      assert.deepEqual(ledgerOf(rows, UNIT_US), oracle(rows, remain, round));
    }),
  );
});

test('Without rules of the store every row is due, and a stream of which the branch has an unknown position is told.', () => {
  const ledger = new DueLedger({});
  const record = (stream: string) => recordOf({ stream, times: [0, 0, 1], columns: [[field('n', 'i32'), [1, 2, 3]]] });
  ledger.add(record('a'), 'passed');
  ledger.add(record('a'), 'waiting');
  ledger.add(record('b'), 'unknown');
  const [a, b] = [...ledger.settle().values()];
  assert.deepEqual([a!.times.rows, a!.waiting, a!.isKnown], [3, 3, true]);
  assert.deepEqual([b!.times.rows, b!.waiting, b!.isKnown], [3, 0, false]);
});
