import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from 'hyparquet-writer';
import { deltaBinaryPack } from 'hyparquet-writer/src/delta.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { deltaPacked } from '../../../sinks/parquet/delta-packed.js';
import { hybridRuns } from '../../../sinks/parquet/hybrid-runs.js';

/** Spans of values that stay, some for long. */
function spans<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  const span = fc.tuple(value, fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 300 })));
  return fc.array(span, { minLength: 1, maxLength: 60 }).map((all) => all.flatMap(([v, n]) => Array<T>(n).fill(v)));
}

function written(write: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter();
  write(writer);
  return Buffer.from(writer.getBytes());
}

test('Runs and packed groups are, byte for byte, those of an encoder written apart.', () => {
  const cases = fc.integer({ min: 1, max: 16 }).chain((width) => {
    return fc.tuple(fc.constant(width), spans(fc.nat(2 ** width - 1)));
  });
  fc.assert(
    fc.property(cases, ([width, values]) => {
      const wanted = written((writer) => void writeRleBitPackedHybrid(writer, values, width));
      assert.deepEqual(Buffer.from(hybridRuns(Uint16Array.from(values), width)), wanted);
    }),
    { numRuns: 500 },
  );
});

test('Differences are, byte for byte, those of an encoder written apart, as long as they are near each other.', () => {
  const first = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
  const steps = fc.oneof(
    spans(fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 })),
    fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).chain((far) => spans(fc.integer({ min: far, max: far + 9 }))),
  );
  fc.assert(
    fc.property(first, fc.oneof(fc.constant([]), steps), (start, deltas) => {
      const times = [start];
      for (const delta of deltas) times.push(times.at(-1)! + delta);
      fc.pre(times.every(Number.isSafeInteger));
      const wanted = written((writer) => deltaBinaryPack(writer, BigInt64Array.from(times, BigInt), 'INT64'));
      assert.deepEqual(Buffer.from(deltaPacked(Float64Array.from(times))!), wanted);
    }),
    { numRuns: 500 },
  );
  assert.equal(deltaPacked(Float64Array.of(0, 1, 2 ** 24 + 2)), null);
  assert.notEqual(deltaPacked(Float64Array.of(0, 1, 2 ** 24 + 1)), null);
});
