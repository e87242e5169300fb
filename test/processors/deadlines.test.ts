import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../processors/deadlines.js';
import { Entity } from '../../processors/entity.js';

test('entities come out when their deadline has come, whatever it was before, and each once', () => {
  const change = fc.record({
    entity: fc.nat({ max: 9 }),
    deadline: fc.option(fc.nat({ max: 50 })),
    passes: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const entities = Array.from({ length: 10 }, (_, i) => new Entity(`car/${i}`, 0, [], 0));
      const deadlines = new Deadlines();
      let totalUs = 0;
      for (const { entity: i, deadline, passes } of changes) {
        const entity = entities[i]!;
        entity.deadlineTotalUs = deadline === null ? Infinity : totalUs + deadline;
        deadlines.add(entity);
        totalUs += passes;
        const due = entities.filter(({ deadlineTotalUs }) => deadlineTotalUs <= totalUs);
        assert.ok(due.length === 0 || deadlines.nextUs <= totalUs);
        const taken = deadlines.take(totalUs);
        assert.deepEqual(
          taken.map(({ key }) => key).sort(),
          due.map(({ key }) => key),
        );
        for (const one of taken) one.deadlineTotalUs = Infinity;
      }
    }),
    { numRuns: Number(process.env.PITWALL_PROPERTY_RUNS ?? 300) },
  );
});
