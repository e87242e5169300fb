import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareTimes, GrowingTimes } from '../../pipeline/audit/growing-times.js';

test('Times are compared as often as each stands there, whatever their order.', () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
  fc.assert(
    fc.property(times, times, (due, found) => {
      const gathered = [due, found].map((list) => {
        const all = new GrowingTimes();
        for (const time of list) all.add(Float64Array.of(time));
        return all.sorted();
      });
      const wanted = { lost: 0, stored: 0, duplicated: 0, older: 0 };
      for (let time = 0; time <= 20; time++) {
        const [d, f] = [due, found].map((list) => list.filter((each) => each === time).length) as [number, number];
        wanted.stored += Math.min(d, f);
        wanted.lost += Math.max(0, d - f);
        if (d === 0) wanted.older += f;
        else wanted.duplicated += Math.max(0, f - d);
      }
      assert.deepEqual(compareTimes(gathered[0]!, gathered[1]!), wanted);
    }),
  );
});
