import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PitwallError } from '../../../core/errors.js';
import type { Position, Sink } from '../../../sinks/sink.js';
import { workload } from '../../contract/sink-workload.js';
import { type Behaviour, Receiver } from '../http/receiver.js';
import { after, Branch, jsonRowsOf } from './delivering.js';

const RUNS = 60;
const IN_FLIGHT = 3;

const receiver = await new Receiver().start();
let planned: (Behaviour | null)[] = [];
receiver.behave = ({ method }) => (method === 'POST' ? (planned.shift() ?? null) : null);

const batches = workload(13, 40);
const wanted = jsonRowsOf(batches);

const behaviour = fc.oneof(
  fc.constant(null),
  fc.constantFrom<Behaviour>({ status: 503 }, { status: 400 }, { status: 413 }, { status: 401 }),
  fc.constantFrom<Behaviour>({ cut: 'before' }, { cut: 'after' }, { delayMs: 3 }, { hang: true }),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ feed: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 2, arbitrary: fc.record({ back: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ flush: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kill: true }) },
);

/** No row before these positions is missing from the store. */
function assertStored(branch: Branch, positions: readonly Position[]): void {
  const kept = receiver.kept(branch.path);
  const ends = new Map(positions.map(({ partition, offset }) => [partition, offset]));
  for (const { topic, partition, offset, batch } of batches) {
    if (offset >= (ends.get(partition) ?? 0)) continue;
    for (let row = 0; row < batch.rows; row++) {
      const position = `${topic}/${partition}:${offset}.${row}`;
      assert.ok(kept.has(position), `${position} is missing, and the position is ${ends.get(partition)}`);
    }
  }
}

test('Whatever the store answers and whenever the branch dies, the position passes no row that is not stored, and at last all are there.', async () => {
  let faults = 0;
  let kills = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(behaviour, { maxLength: 20 }),
      fc.array(step, { minLength: 3, maxLength: 20 }),
      async (answers, steps) => {
        planned = [...answers];
        receiver.underWayMax = 0;
        // A request that is refused for its rows ends the branch where none may be left out: then it is fed again.
        const branch = new Branch(receiver, {
          batch: { rows: 30, bytes: 3000, everyMs: 1 },
          inFlight: IN_FLIGHT,
          timeoutMs: 150,
        });
        let sink: Sink | null = null;
        let at = 0;
        let todo = batches;
        for (const each of steps) {
          try {
            if (!sink) {
              sink = branch.make();
              const positions = await sink.open();
              assertStored(branch, positions);
              todo = after(positions, batches);
              at = 0;
            }
            if ('feed' in each) {
              await sink.write(todo.slice(at, at + each.feed));
              at += each.feed;
            } else if ('back' in each) {
              const from = Math.max(0, at - each.back);
              await sink.write(todo.slice(from, at));
            } else if ('flush' in each) assertStored(branch, await sink.flush(each.flush));
            else {
              kills++;
              await sink.close();
              sink = null;
            }
          } catch (error) {
            if (!(error instanceof PitwallError)) throw error;
            faults++;
            await sink?.close();
            sink = null;
          }
        }
        await sink?.close();
        planned = [];
        await branch.deliverAtLast(batches);
        assert.deepEqual(branch.rows, wanted);
        // Requests that were given up may not have been noticed by the server when the next ones come.
        assert.ok(receiver.underWayMax <= 2 * IN_FLIGHT + 1, String(receiver.underWayMax));
      },
    ),
    { numRuns: RUNS, seed: Number(process.env.PITWALL_SEED ?? 5) },
  );
  assert.ok(faults > RUNS / 4, `only ${faults} faults`);
  assert.ok(kills > RUNS / 4, `only ${kills} kills`);
});
