import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonDecoder } from '../../../gateway/decoders/json.js';
import { StreamBuilder } from '../../../gateway/stream-builder.js';
import { closeAll, context, RECEIVED_US, typesOf } from './decoded.js';

/** A cell as it is sent. A list stands for its JSON text. */
type Value = number | boolean | string | null | number[];
interface Reading {
  timeMs: number | null;
  values: Value[];
}

const NAMES = ['a', 'b', 'gps.lat', 'gps.lon', 'd'];
const START_MS = 1_711_111_111_123;
const STEP_MS = 10;

const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0.5, 2 ** 53, -(2 ** 53) + 1, 1e300, 123456.789),
);
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 12, arbitrary: number },
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }) },
);
/** Mostly one kind a column, as real streams are, so that many rows stand beside a few that contradict. */
const values = fc.tuple(value, number, number, fc.oneof({ weight: 9, arbitrary: number }, value), value);
const shape = fc.constantFrom('row', 'rows', 'columns', 'even');
const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), shape), { minLength: 30, maxLength: 30 });

function nest(pairs: [string, unknown][]): object {
  const out: Record<string, unknown> = {};
  for (const [name, cell] of pairs) {
    const [outer, inner] = name.split('.');
    if (inner === undefined) out[name] = cell;
    else out[outer!] = { ...(out[outer!] as object), [inner]: cell };
  }
  return out;
}

function asRow({ timeMs, values }: Reading): object {
  return { t: timeMs, ...nest(NAMES.map((name, i) => [name, values[i]])) };
}

/** JSON.stringify would make 0 of negative zero. */
function write(payload: unknown): Buffer {
  return Buffer.from(
    JSON.stringify(payload, (_, v) => (Object.is(v, -0) ? 'NEGATIVE0' : v)).replaceAll('"NEGATIVE0"', '-0'),
  );
}

function message(readings: Reading[], form: string): Buffer {
  if (form === 'row' && readings.length === 1) return write(asRow(readings[0]!));
  const lists = nest(NAMES.map((name, i) => [name, readings.map(({ values }) => values[i])]));
  if (form === 'columns') return write({ t: readings.map(({ timeMs }) => timeMs), ...lists });
  const even = readings.every(({ timeMs }, i) => timeMs !== null && timeMs === readings[0]!.timeMs! + i * STEP_MS);
  if (form === 'even' && even) return write({ t0: readings[0]!.timeMs, dt: STEP_MS, ...lists });
  return write(readings.map(asRow));
}

/** What must come out, told from the readings alone: rows in time order, and the rows that contradict. */
function oracle(readings: Reading[]): { stored: unknown[]; refused: unknown[] } {
  const kinds: Record<string, string> = {};
  const stored: { timeUs: number; cells: object }[] = [];
  const refused: unknown[] = [];
  for (const { timeMs, values } of readings) {
    const cells: Record<string, unknown> = Object.create(null);
    NAMES.forEach((name, i) => {
      if (values[i] !== null) cells[name] = Array.isArray(values[i]) ? JSON.stringify(values[i]) : values[i];
    });
    if (timeMs === null) cells.timeIsReceived = true;
    const timeUs = timeMs === null ? RECEIVED_US : timeMs * 1000;
    const wrong = Object.keys(cells).find((name) => (kinds[name] ?? typeof cells[name]) !== typeof cells[name]);
    if (wrong === undefined) {
      for (const name of Object.keys(cells)) kinds[name] = typeof cells[name];
      stored.push({ timeUs, cells });
    } else refused.push({ column: wrong, timeUs, cells });
  }
  return { stored: stored.sort((a, b) => a.timeUs - b.timeUs), refused };
}

test('any cut of rows into messages of any shape gives the same rows and the same dead letters', () => {
  let contradictions = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(values, fc.integer({ min: 0, max: 19 })), { maxLength: 30 }), cuts, (sent, cut) => {
      const readings = sent.map(([cells, luck], i): Reading => {
        const timeMs = luck === 0 ? null : luck === 1 ? START_MS - i : START_MS + i * STEP_MS;
        return { timeMs, values: cells };
      });
      const decoder = new JsonDecoder();
      const builder = new StreamBuilder('s', null);
      const seen = context();
      for (let from = 0, i = 0; from < readings.length; i++) {
        const [length, form] = cut[i]!;
        decoder.decode(message(readings.slice(from, from + length), form), builder, seen);
        from += length;
      }
      const { stored, refused } = oracle(readings);
      contradictions += refused.length;
      const types = typesOf(builder);
      assert.deepEqual(closeAll(builder), stored);
      assert.deepEqual(
        seen.refused.map(({ column, original }) => ({ column, ...resent(original) })),
        refused,
      );
      const whole = new StreamBuilder('s', null);
      decoder.decode(write(readings.map(asRow)), whole, context());
      assert.deepEqual(typesOf(whole), types);
    }),
    { numRuns: 1500 },
  );
  assert.ok(contradictions > 1000);
});

/** The row that a dead letter's original gives when it is sent by itself to a new stream. */
function resent(original: Buffer): object {
  const builder = new StreamBuilder('s', null);
  assert.equal(new JsonDecoder().decode(original, builder, context()), 1, `${original}`);
  return closeAll(builder)[0]!;
}

test('batches closed at any point hold the same rows as one', () => {
  fc.assert(
    fc.property(
      fc.array(values, { maxLength: 20 }),
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      (sent, closes) => {
        const readings = sent.map((cells, i): Reading => ({ timeMs: START_MS + i, values: cells }));
        const decoder = new JsonDecoder();
        const builder = new StreamBuilder('s', null);
        const rows = readings.flatMap((reading, i) => {
          decoder.decode(message([reading], 'row'), builder, context());
          return closes[i] ? closeAll(builder) : [];
        });
        assert.deepEqual([...rows, ...closeAll(builder)], oracle(readings).stored);
      },
    ),
    { numRuns: 500 },
  );
});

test('a stream opened again with its durable schema refuses and takes the same rows', () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 12 }), fc.nat(), (sent, at) => {
      const readings = sent.map((cells, i): Reading => ({ timeMs: START_MS + i, values: cells }));
      const decoder = new JsonDecoder();
      const seen = context();
      let builder = new StreamBuilder('s', null);
      const rows = readings.flatMap((reading, i) => {
        if (i === at % sent.length) builder = new StreamBuilder('s', builder.schema);
        decoder.decode(message([reading], 'row'), builder, seen);
        return closeAll(builder);
      });
      assert.deepEqual(rows, oracle(readings).stored);
      assert.equal(seen.refused.length, oracle(readings).refused.length);
    }),
    { numRuns: 500 },
  );
});
