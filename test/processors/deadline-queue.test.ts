import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeadlineQueue } from '../../processors/deadline-queue.js';
import { Entity } from '../../processors/entity.js';

const step = fc.oneof(
  fc.record({ entity: fc.nat(7), deadline: fc.oneof(fc.nat(50), fc.constant(Number.POSITIVE_INFINITY)) }),
  fc.record({ now: fc.nat(50) }),
);

test('the queue gives each entity once its deadline is reached, and no other, however deadlines move', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new DeadlineQueue();
      const entities = Array.from({ length: 8 }, (_, i) => new Entity(`e${i}`, 0, [], 0));
      for (const each of steps) {
        if ('entity' in each) {
          entities[each.entity]!.deadlineTotalUs = each.deadline;
          queue.set(entities[each.entity]!);
          continue;
        }
        const due = entities.filter((entity) => entity.deadlineTotalUs <= each.now).map(({ key }) => key);
        if (due.length > 0) assert.ok(queue.firstTotalUs <= each.now);
        const taken: string[] = [];
        for (let entity = queue.take(each.now); entity; entity = queue.take(each.now)) {
          taken.push(entity.key);
          entity.deadlineTotalUs = Number.POSITIVE_INFINITY;
        }
        assert.deepEqual(taken.sort(), due.sort());
      }
    }),
    { numRuns: 500 },
  );
});
