import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PitwallError } from '../../core/errors.js';
import type { DecodeContext, Decoder, RowRefusal } from '../../gateway/decoders/decoder.js';
import { StreamBuilder } from '../../gateway/stream-builder.js';
import { closeAll, type PlainRow } from '../gateway/decoders/decoded.js';

/** What the suite needs of a format. */
export interface DecoderCase {
  create(): Decoder;
  /** A payload of exactly these rows. */
  encode(rows: readonly PlainRow[]): Buffer;
  /** Payloads of which nothing can be read. */
  broken: readonly Buffer[];
}

const T0 = 1_711_111_111_123_000;
const STREAM = 'car/44/imu';

function readings(from: number, count: number): PlainRow[] {
  return Array.from({ length: count }, (_, i) => ({
    timeUs: T0 + (from + i) * 10_000,
    cells: Object.assign(Object.create(null), {
      ax: (from + i) / 4,
      gear: from + i,
      on: i % 2 === 0,
      mode: `m${i % 3}`,
    }),
  }));
}

/** The contract of `Decoder`, for every format. */
export function decoderContract(name: string, format: DecoderCase): void {
  const open = () => {
    const refused: RowRefusal[] = [];
    const context: DecodeContext = { receivedUs: T0, time: null, refuseRow: (refusal) => refused.push(refusal) };
    return { decoder: format.create(), builder: new StreamBuilder(STREAM, null), context, refused };
  };

  test(`${name}: rows come out as they were sent, message after message`, () => {
    const { decoder, builder, context, refused } = open();
    for (const [from, count] of [
      [0, 1],
      [1, 1],
      [2, 5],
      [7, 1],
      [8, 40],
    ] as const) {
      assert.equal(decoder.decode(format.encode(readings(from, count)), builder, context), count);
    }
    assert.equal(builder.rows, 48);
    assert.equal(refused.length, 0);
    const wanted = [...readings(0, 1), ...readings(1, 1), ...readings(2, 5), ...readings(7, 1), ...readings(8, 40)];
    assert.deepEqual(closeAll(builder), wanted);
  });

  test(`${name}: nothing of the payload is kept, so its bytes may be used again at once`, () => {
    const { decoder, builder, context } = open();
    for (let i = 0; i < 20; i++) {
      const payload = format.encode(readings(i, 1));
      decoder.decode(payload, builder, context);
      payload.fill(0xff);
    }
    assert.deepEqual(closeAll(builder), Array.from({ length: 20 }, (_, i) => readings(i, 1)).flat());
  });

  test(`${name}: a message that cannot be read throws a PitwallError, leaves no row, and harms none before or after`, () => {
    for (const broken of format.broken) {
      const { decoder, builder, context, refused } = open();
      decoder.decode(format.encode(readings(0, 3)), builder, context);
      assert.throws(
        () => decoder.decode(broken, builder, context),
        (error) =>
          error instanceof PitwallError && error.stage === 'decode' && !error.retryable && error.message.length > 10,
      );
      assert.equal(builder.rows, 3);
      decoder.decode(format.encode(readings(3, 2)), builder, context);
      assert.deepEqual(closeAll(builder), [...readings(0, 3), ...readings(3, 2)]);
      assert.equal(refused.length, 0);
    }
  });

  test(`${name}: every cut of a message either is refused whole or gives whole rows`, () => {
    const whole = format.encode(readings(0, 4));
    for (let length = 0; length < whole.length; length++) {
      const { decoder, builder, context } = open();
      try {
        assert.equal(decoder.decode(Buffer.from(whole.subarray(0, length)), builder, context), builder.rows);
      } catch (error) {
        assert.ok(error instanceof PitwallError, String((error as Error).stack));
        assert.equal(builder.rows, 0);
      }
      assert.ok(builder.rows <= 4);
    }
  });

  test(`${name}: a row that contradicts is handed over alone, and can be sent again by itself`, () => {
    const { decoder, builder, context, refused } = open();
    const rows = readings(0, 5);
    rows[2]!.cells.ax = 'high';
    assert.equal(decoder.decode(format.encode(rows), builder, context), 4);
    assert.deepEqual(
      closeAll(builder),
      rows.filter((_, i) => i !== 2),
    );
    const [refusal] = refused as [RowRefusal];
    assert.equal(refused.length, 1);
    assert.deepEqual([refusal.code, refusal.column, refusal.expected], ['type-contradiction', 'ax', 'f64']);
    for (const part of [STREAM, 'ax', 'high', 'f64']) assert.ok(refusal.reason.includes(part), refusal.reason);
    const again = new StreamBuilder(STREAM, null);
    assert.equal(format.create().decode(refusal.original, again, context), 1);
    assert.deepEqual(closeAll(again), [rows[2]]);
  });

  test(`${name}: one decoder serves many streams in turn`, () => {
    const { decoder, builder, context } = open();
    const other = new StreamBuilder('car/1/imu', null);
    for (let i = 0; i < 10; i++) {
      decoder.decode(format.encode(readings(i, 1)), builder, context);
      decoder.decode(format.encode(readings(100 + i, 2)), other, context);
    }
    assert.deepEqual([builder.rows, other.rows], [10, 20]);
    assert.deepEqual(
      closeAll(builder).map(({ cells }) => cells.gear),
      Array.from({ length: 10 }, (_, i) => i),
    );
  });
}
