import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PitwallError } from '../../../core/errors.js';
import type { DecodeContext, TimeRule } from '../../../gateway/decoders/decoder.js';
import { JsonDecoder } from '../../../gateway/decoders/json.js';
import { learnLayout } from '../../../gateway/decoders/json-layout.js';
import { JsonRows } from '../../../gateway/decoders/json-rows.js';
import { JsonScanner, NOT_SCANNED } from '../../../gateway/decoders/json-scanner.js';
import { parseJson } from '../../../gateway/decoders/json-text.js';
import { StreamBuilder } from '../../../gateway/stream-builder.js';
import { closeAll, context, typesOf } from './decoded.js';

/** The way without a scanner. */
const plain = new JsonRows();
const slow = (payload: Buffer, builder: StreamBuilder, seen: DecodeContext) =>
  plain.append(parseJson(payload), builder, seen);

/** Everything that comes of payloads sent one after the other to one stream. */
function outcome(
  payloads: Buffer[],
  rule: TimeRule | null,
  decode: (payload: Buffer, builder: StreamBuilder, seen: DecodeContext) => number,
): unknown {
  const builder = new StreamBuilder('s', null);
  const seen = context(rule);
  const answers = payloads.map((payload) => {
    const rows = builder.rows;
    try {
      const taken = decode(payload, builder, seen);
      assert.equal(builder.rows, rows + taken);
      return taken;
    } catch (error) {
      assert.ok(error instanceof PitwallError, String((error as Error).stack));
      assert.equal(builder.rows, rows, 'a refused message left rows');
      return error.message;
    }
  });
  const types = typesOf(builder);
  return {
    answers,
    refused: seen.refused.map((one) => ({ ...one, original: `${one.original}` })),
    types,
    rows: closeAll(builder),
  };
}

function agree(payloads: Buffer[], rule: TimeRule | null): void {
  const decoder = new JsonDecoder();
  const quick = outcome(payloads, rule, (payload, builder, seen) => decoder.decode(payload, builder, seen));
  assert.deepEqual(quick, outcome(payloads, rule, slow));
}

const numberText = fc.oneof(
  fc.integer({ min: -999, max: 999 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0' : String(value))),
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '1.0',
    '1e3',
    '1E-3',
    '9007199254740993',
    '123456789012',
    '1e999',
    '01',
    '1.',
    '-',
  ),
);
const cellText = fc.oneof(
  { weight: 8, arbitrary: numberText },
  {
    weight: 1,
    arbitrary: fc.constantFrom('true', 'false', 'null', 'nul', 'trues', 'NaN', '{}', '[1,2]', '{"z":1}', '""'),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 6, unit: 'grapheme' }).map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: fc.constantFrom('"race"', '"rain"', '"r"', `"${'x'.repeat(70)}"`, '"a\\nb"', '"\t"') },
);
const timeText = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 99_999 }).map((more) => String(1_711_111_100_000 + more)) },
  { weight: 1, arbitrary: fc.constantFrom('1711111111.25', '"2024-03-22T12:38:31Z"', 'null', '5', '"x"', '1e400') },
);
const space = fc.constantFrom('', '', '', ' ', '\n');

/** Messages of one form, as a device's firmware writes them. */
const form = fc.record({
  names: fc.uniqueArray(
    fc.constantFrom('a', 'b', 'c', 'gps.lat', 'gps.lon', '__proto__', 'ö', '1', 't0', 'ts', 'timestamp'),
    {
      minLength: 1,
      maxLength: 5,
    },
  ),
  timed: fc.constantFrom('t', 't', 't', 'ts', 'stamp', null),
  shape: fc.constantFrom('row', 'row', 'rows', 'columns', 'even'),
  gap: space,
});

type Form = { names: string[]; timed: string | null; shape: string; gap: string };

function object(pairs: [string, string][], gap: string): string {
  const parts = pairs.map(([name, text]) => {
    const [outer, inner] = name.split('.');
    const value = inner === undefined ? text : `{${gap}"${inner}":${gap}${text}}`;
    return `${gap}"${outer}":${gap}${value}`;
  });
  return `{${parts.join(',')}${gap}}`;
}

function render({ names, timed, shape, gap }: Form, rows: { time: string; cells: string[] }[]): string {
  const timeName: [string, string][] = timed === null ? [] : [[timed, '']];
  if (shape === 'row' || shape === 'rows') {
    const texts = rows.map(({ time, cells }) =>
      object(
        [
          ...timeName.map(([name]): [string, string] => [name, time]),
          ...names.map((n, i): [string, string] => [n, cells[i]!]),
        ],
        gap,
      ),
    );
    return shape === 'row' ? texts[0]! : `${gap}[${texts.join(`${gap},${gap}`)}]`;
  }
  const list = (texts: string[]) => `[${gap}${texts.join(`,${gap}`)}${gap}]`;
  const columns = names.map((name, i): [string, string] => [name, list(rows.map(({ cells }) => cells[i]!))]);
  if (shape === 'even') return object([['t0', rows[0]!.time], ['dt', '2.5'], ...columns], gap);
  return object([['t', list(rows.map(({ time }) => time))], ...columns], gap);
}

const oneRow = fc.record({ time: timeText, cells: fc.array(cellText, { minLength: 5, maxLength: 5 }) });
const numberRow = fc.record({ time: timeText, cells: fc.array(numberText, { minLength: 5, maxLength: 5 }) });
const conversation = fc.tuple(form, form).chain((forms) =>
  fc.array(
    fc
      .tuple(
        fc.constantFrom(...forms),
        fc.oneof(fc.array(oneRow, { minLength: 1, maxLength: 3 }), fc.array(numberRow, { minLength: 1, maxLength: 4 })),
      )
      .map(([one, rows]) => render(one, rows)),
    { minLength: 1, maxLength: 10 },
  ),
);
const rule = fc.constantFrom<TimeRule | null>(
  null,
  null,
  { field: 'stamp', unit: 'ms' },
  { field: 'gps.lat', unit: null },
);

test('scanner and JSON.parse give the same rows, types, refusals and errors', () => {
  fc.assert(
    fc.property(conversation, rule, (messages, time) =>
      agree(
        messages.map((text) => Buffer.from(text)),
        time,
      ),
    ),
    { numRuns: 3000 },
  );
});

test('they do after any bytes of the messages were changed, cut or put in', () => {
  const damage = fc.record({
    message: fc.nat(),
    at: fc.nat(),
    length: fc.integer({ min: 0, max: 3 }),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...'{}[]",:0123-.eE \\nulltrue').map((text) => Buffer.from(text)),
    ),
  });
  fc.assert(
    fc.property(conversation, rule, fc.array(damage, { minLength: 1, maxLength: 4 }), (messages, time, damages) => {
      const payloads = messages.map((text) => Buffer.from(text));
      for (const { message, at, length, put } of damages) {
        const payload = payloads[message % payloads.length]!;
        const from = at % (payload.length + 1);
        payloads[message % payloads.length] = Buffer.concat([
          payload.subarray(0, from),
          put,
          payload.subarray(Math.min(from + length, payload.length)),
        ]);
      }
      agree([Buffer.from(messages[0]!), ...payloads], time);
    }),
    { numRuns: 3000 },
  );
});

test('every cut of a message at every byte is refused or taken alike', () => {
  const whole = [
    '{"t":1711111111123,"ax":0.125,"gear":3,"brake":false,"mode":"race","x":null}',
    '[{"t":1711111111123,"ax":0.125,"mode":"race"},{"t":1711111111124,"ax":1e2,"mode":""}]',
    '{"t0":1711111111123,"dt":10,"ax":[1,2.5,null],"ay":[3,4,5]}',
  ];
  for (const text of whole) {
    for (let length = 0; length <= text.length; length++) {
      agree([Buffer.from(text), Buffer.from(text.slice(0, length)), Buffer.from(text)], null);
    }
  }
});

test('the scanner really takes messages of the common forms, each of the rows in them', () => {
  for (const [first, second, rows] of [
    [
      '{"t":1711111111123,"ax":0.125,"g":{"x":1},"mode":"a"}',
      '{"t":1711111111124,"ax":-1e-7,"g":{"x":null},"mode":"b c"}',
      1,
    ],
    ['{"speed": 1.5, "ok": true}', '{"speed": 2, "ok": false} ', 1],
    ['{"time":"2024-03-22T12:38:31Z","v":1}', '{"time":"2024-03-22T12:38:32.5Z","v":2}', 1],
    ['{"t":1711111111123,"v":1}', '[{"t":1711111111123,"v":1}, {"t":1711111111123,"v":2}]', 2],
    ['{"t":[1711111111123],"v":[1]}', '{"t":[1711111111123,1711111111124,1711111111125],"v":[1, null ,-2.5]}', 3],
    ['{"t0":1711111111123,"dt":5,"v":[1]}', '{"t0":1711111111.5,"dt":0.005,"v":[1,2]}', 2],
  ] as const) {
    const builder = new StreamBuilder('s', null);
    const seen = context();
    const payload = Buffer.from(first);
    slow(payload, builder, seen);
    const layout = learnLayout(payload, plain.shape, builder, null);
    assert.ok(layout !== null, first);
    assert.equal(new JsonScanner().scan(Buffer.from(second), layout, builder, seen), rows, second);
    assert.equal(new JsonScanner().scan(Buffer.from(`${second}x`), layout, builder, seen), NOT_SCANNED);
    assert.equal(builder.rows, rows + 1);
  }
});

test('a stream whose messages take turns between forms, or change for good, stays right', () => {
  const messages = Array.from({ length: 200 }, (_, i) => {
    const kind = i < 100 ? i % 3 : i % 7;
    return Buffer.from(`{"t":${1_711_111_111_123 + i},"k${kind}":${i},"mode":"${i % 5 === 0 ? 'a' : 'b'}"}`);
  });
  agree(messages, null);
});

test('random bytes and random JSON never raise anything but a PitwallError', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        { maxLength: 4 },
      ),
      (sent) =>
        agree(
          sent.map((bytes) => Buffer.from(bytes)),
          null,
        ),
    ),
    { numRuns: 2000 },
  );
});
