import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deduplicator } from '../../bus/deduplicate.js';

test('what several writers send, with repeats after crashes and restarts of the reader, is taken once and in order', () => {
  const crash = fc.record({
    writer: fc.nat(3),
    send: fc.integer({ min: 1, max: 8 }),
    goBack: fc.nat(6),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(crash, { maxLength: 40 }), (steps) => {
      const sent = [0, 0, 0, 0];
      const taken: number[][] = [[], [], [], []];
      let deduplicator = new Deduplicator();
      for (const { writer, send, goBack, restart } of steps) {
        // The writer goes on from where it was, or from a little before that.
        const from = Math.max(1, sent[writer]! - goBack + 1);
        for (let sequence = from; sequence < from + send; sequence++) {
          if (deduplicator.accepts(`writer-${writer}`, sequence)) taken[writer]!.push(sequence);
        }
        sent[writer] = Math.max(sent[writer]!, from + send - 1);
        if (restart) deduplicator = new Deduplicator(JSON.parse(JSON.stringify(deduplicator.snapshot())));
      }
      for (const [writer, last] of sent.entries()) {
        assert.deepEqual(
          taken[writer],
          Array.from({ length: last }, (_, i) => i + 1),
        );
      }
    }),
  );
});

test('numbers may leave gaps', () => {
  const deduplicator = new Deduplicator([['g', 10]]);
  assert.deepEqual(
    [10, 5, 17, 17, 16, 18].map((sequence) => deduplicator.accepts('g', sequence)),
    [false, false, true, false, false, true],
  );
  assert.deepEqual(deduplicator.snapshot(), [['g', 18]]);
});
