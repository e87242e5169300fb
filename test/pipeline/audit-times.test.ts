import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingTimes } from '../../core/growing-times.js';
import { compareTimes } from '../../pipeline/audit/compare-times.js';

test('Times are compared as often as each stands there, whatever their order.', () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
  fc.assert(
    fc.property(times, times, times, (due, found, refused) => {
      const gathered = [due, found, refused].map((list) => {
        const all = new GrowingTimes();
        for (const time of list) all.add(Float64Array.of(time));
        return all.sorted();
      });
      const wanted = { stored: 0, refused: 0, lost: 0, duplicated: 0, older: 0 };
      for (let time = 0; time <= 20; time++) {
        const [d = 0, f = 0, r = 0] = [due, found, refused].map((list) => list.filter((each) => each === time).length);
        wanted.stored += Math.min(d, f);
        wanted.refused += Math.min(Math.max(0, d - f), r);
        wanted.lost += Math.max(0, d - f - r);
        if (d === 0) wanted.older += f;
        else wanted.duplicated += Math.max(0, f - d);
      }
      assert.deepEqual(compareTimes(gathered[0]!, gathered[1]!, gathered[2]!), wanted);
    }),
  );
});
