import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldRows } from '../../../processors/windows/held-rows.js';
import { WindowGrid } from '../../../processors/windows/window-grid.js';
import { batchOf, type Row, rowsOf, schemaOf } from '../telemetry.js';

const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);
const CONTEXT = { processor: 'p', step: 0, functions: null, warn: () => {} };

test('a grid of windows is what its definition says: starts at multiples of the step, panes whole within windows', () => {
  const sizes = fc.integer({ min: 1, max: 60 }).chain((stepUs) => {
    return fc.record({ stepUs: fc.constant(stepUs), sizeUs: fc.integer({ min: stepUs, max: 5 * stepUs }) });
  });
  fc.assert(
    fc.property(sizes, fc.integer({ min: -300, max: 300 }), fc.constantFrom(0, 7e15), ({ sizeUs, stepUs }, t, base) => {
      const grid = new WindowGrid(sizeUs, stepUs);
      const timeUs = base === 0 ? t : base - (base % stepUs) + t;
      const origin = timeUs - t;
      const ends: number[] = [];
      for (let k = -600; k <= 600; k++) {
        const startUs = origin + k * stepUs;
        if (startUs <= timeUs && timeUs < startUs + sizeUs) ends.push(startUs + sizeUs);
      }
      assert.equal(grid.firstEndUs(timeUs), ends[0]);
      assert.equal(grid.lastEndUs(timeUs), ends.at(-1));
      const pane = [grid.paneStartUs(timeUs), grid.paneEndUs(grid.paneStartUs(timeUs))] as const;
      assert.ok(pane[0] <= timeUs && timeUs < pane[1]);
      for (let k = -600; k <= 600; k++) {
        for (const edgeUs of [origin + k * stepUs, origin + k * stepUs + sizeUs]) {
          assert.ok(edgeUs <= pane[0] || edgeUs >= pane[1], 'no window starts or ends inside of a pane');
        }
      }
      for (const watermarkUs of [timeUs - 1, timeUs, timeUs + sizeUs, ends.at(-1)! - 1, ends.at(-1)!]) {
        assert.equal(timeUs < grid.lateBeforeUs(watermarkUs), ends.at(-1)! <= watermarkUs);
      }
    }),
    { numRuns: RUNS },
  );
});

test('held rows leave in order, equal stamps in the order they came, also when they were saved and restored between', () => {
  const action = fc.oneof(
    fc.record({ add: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 5 }) }),
    fc.record({ release: fc.integer({ min: 0, max: 6 }) }),
    fc.constant({ checkpoint: true }),
    fc.constant({ restore: true }),
  );
  const schemas = [schemaOf(['n', 'f64']), schemaOf(['n', 'f64'], ['more', 'f64'])];
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const store = new Map<string, Uint8Array>();
      let held = new HeldRows(CONTEXT);
      let expected: Row[] = [];
      let releasedUs = 0;
      let n = 0;
      for (const [i, act] of actions.entries()) {
        if ('add' in act) {
          const times = act.add.map((t) => releasedUs + t).sort((a, b) => a - b);
          const rows = times.map((timeUs): Row => ({ timeUs, n: n++ }));
          held.add(batchOf('s', schemas[i % 2]!, rows));
          expected = [...expected, ...rows].sort((a, b) => a.timeUs - b.timeUs || (a.n as number) - (b.n as number));
        } else if ('release' in act) {
          releasedUs += act.release;
          const got = held
            .release(releasedUs)
            .flatMap(rowsOf)
            .map(({ timeUs, n: id }) => ({ timeUs, n: id! }));
          assert.deepEqual(
            got,
            expected.filter(({ timeUs }) => timeUs < releasedUs),
          );
          expected = expected.filter(({ timeUs }) => timeUs >= releasedUs);
        } else {
          for (const [name, value] of held.changes()) {
            if (value === null) assert.ok(store.delete(name), `${name} was stored`);
            else store.set(name, Uint8Array.from(value));
          }
          if ('restore' in act) {
            held = new HeldRows(CONTEXT);
            held.restore(store, releasedUs);
          }
        }
        assert.equal(held.rows, expected.length);
        assert.equal(held.headUs, expected[0]?.timeUs ?? Infinity);
        const middleUs = releasedUs + 9;
        assert.equal(held.firstAfterUs(middleUs), expected.find(({ timeUs }) => timeUs > middleUs)?.timeUs ?? Infinity);
        const between = [...held.between(middleUs, middleUs + 8)].flatMap(rowsOf).map((row) => row.n);
        assert.deepEqual(
          between,
          expected.filter(({ timeUs }) => timeUs >= middleUs && timeUs < middleUs + 8).map((row) => row.n),
        );
      }
    }),
    { numRuns: RUNS },
  );
});
