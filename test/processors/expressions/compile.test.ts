import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schema } from '../../../columnar/schema.js';
import { compileExpression } from '../../../processors/expressions/compile.js';
import { ExpressionError } from '../../../processors/expressions/fault.js';
import { parseExpression } from '../../../processors/expressions/parser.js';
import { batchOf, type Cell, type Row, rowsOf, schemaOf } from '../telemetry.js';
import { evaluateRow } from './evaluate.js';

const SCHEMA = schemaOf(
  ['a', 'f64'],
  ['b', 'f32'],
  ['raw', 'i16', 0.25, -3],
  ['big', 'i64'],
  ['p', 'bool'],
  ['q', 'bool'],
  ['s', 'utf8'],
  ['t', 'utf8'],
);

/** What the expression gives for each row. */
function evaluate(text: string, rows: readonly Row[], schema = SCHEMA): Cell[] {
  const expression = compileExpression(parseExpression(text), schema);
  if (expression.field === null) return rows.map(() => null);
  const batch = batchOf('car/1/imu', schema, rows);
  const column = expression.evaluate(batch);
  const result = { ...batch, schema: new Schema([{ ...expression.field, name: 'x' }]), columns: [column] };
  return rowsOf(result).map((row) => row.x!);
}

function value(text: string, cells: Record<string, Cell> = {}): Cell {
  return evaluate(text, [{ timeUs: 5_000_000, ...cells }])[0]!;
}

test('operators bind as in mathematics', () => {
  const expected: [string, Cell][] = [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-2^2', -4],
    ['2^-1', 0.5],
    ['2^3^2', 512],
    ['-2 * -3', 6],
    ['2 - 3 - 4', -5],
    ['7 % 4 * 2', 6],
    ['-7 % 4', -3],
    ['1 + 1 = 2 and not 1 > 2', true],
    ['true or true and false', true],
    ['not true or true', true],
    ['1 / 0', Infinity],
    ['.5e1 + 1.', 6],
    ['round(2.5) - round(-2.5)', 6],
    ['round(0.49999999999999994)', 0],
    ['log10(1000) + log2(8) + ln(exp(2))', 8],
    ['hypot(3, 4) + hypot(1, 2, 2)', 8],
    ['atan2(1, 1) * 4 = pi', true],
    ['clamp(12, 0, 10) + min(3, 1, 2) + max(3, 1, 2)', 14],
    ['sqrt(3^2 + 4^2)', 5],
    ['timeUs / 1000000', 5],
    ['3 in (1, 2, 3)', true],
    ['3 not in (1, 2)', true],
    ["'it''s' = \"it's\"", true],
    ["concat('a', 'b', 'c')", 'abc'],
    ["'Z' < 'a' AND 'ab' > 'a'", true],
  ];
  for (const [text, cell] of expected) assert.deepEqual(value(text), cell, text);
});

test('what is left over a literal divisor is that of %, to the last bit', () => {
  const divisors = fc.oneof(
    fc.integer({ min: -5, max: 1000 }),
    fc.nat(),
    fc.constantFrom(1e5, 0.1, 2 ** 31, 2 ** 31 + 1),
  );
  const number = fc.double({ noDefaultInfinity: true });
  const near = (divisor: number) =>
    fc
      .tuple(fc.maxSafeNat(), fc.integer({ min: -2, max: 2 }))
      .map(([times, off]) => Math.floor(times / Math.max(1, divisor)) * divisor + off / 2);
  fc.assert(
    fc.property(
      divisors.chain((divisor) =>
        fc.tuple(fc.constant(divisor), fc.array(fc.oneof(number, near(divisor)), { minLength: 1 })),
      ),
      ([divisor, values]) => {
        const rows = values.map((a, i): Row => ({ timeUs: i, a }));
        assert.deepEqual(
          evaluate(`a % ${divisor < 0 ? `(${divisor})` : divisor}`, rows),
          values.map((a) => a % divisor),
        );
      },
    ),
    { numRuns: 2000 },
  );
});

test('null goes through every operation but and, or, if, coalesce and is null, which follow three-valued logic', () => {
  const expected: [string, Cell][] = [
    ['a + 1', null],
    ['-a', null],
    ['a > 1', null],
    ['a = a', null],
    ['not p', null],
    ['p and false', false],
    ['false and p', false],
    ['p and true', null],
    ['p or true', true],
    ['p or false', null],
    ['p and p', null],
    ['a is null', true],
    ['a + 1 is not null', false],
    ['s is null', true],
    ["s = 'x'", null],
    ["concat(s, 'x')", null],
    ['coalesce(a, b, 7)', 7],
    ["coalesce(s, t, 'none')", 'none'],
    ['if(p, 1, 2)', 2],
    ["if(p, 'yes', 'no')", 'no'],
    ['if(a is null, null, 2)', null],
    ['min(a, 1)', null],
    ['a in (1, 2)', null],
    ['1 in (1, a)', true],
    ['2 in (1, a)', null],
    ['is_nan(a)', null],
    ['is_nan(0 / 0) and (0 / 0) is not null', true],
  ];
  for (const [text, cell] of expected) assert.deepEqual(value(text), cell, text);
});

test('integers are computed with their scale and offset, and 64-bit ones through float64', () => {
  const rows: Row[] = [
    { timeUs: 0, raw: 40, big: 2 ** 53 },
    { timeUs: 1, raw: -2, big: -5 },
  ];
  assert.deepEqual(evaluate('raw * 2', rows), [14, -7]);
  assert.deepEqual(evaluate('big + 1', rows), [2 ** 53, -4]);
  assert.deepEqual(evaluate('raw > 6', rows), [true, false]);
});

test('a lone column is handed on with its type, so nothing of it is lost', () => {
  const expression = compileExpression(parseExpression('raw'), SCHEMA);
  assert.deepEqual(expression.field, SCHEMA.fields[2]);
});

test('a column that the schema does not have counts as null and is named', () => {
  const expression = compileExpression(parseExpression('coalesce(missing, a) > other'), SCHEMA);
  assert.deepEqual(expression.missing, ['missing', 'other']);
  assert.equal(compileExpression(parseExpression('missing'), SCHEMA).field, null);
  assert.equal(value('coalesce(missing, a)', { a: 4 }), 4);
  assert.equal(value("if(missing > 1, 'a', 'b')"), 'b');
});

test('a column whose type does not fit is an error at compile time', () => {
  assert.throws(() => compileExpression(parseExpression('s * 2'), SCHEMA), ExpressionError);
  assert.throws(() => compileExpression(parseExpression('p and a'), SCHEMA), ExpressionError);
});

test('names are never run as code', () => {
  const schema = schemaOf(['v0[i]); process.exit(1); //', 'f64'], ["'", 'utf8']);
  const row = { timeUs: 0, 'v0[i]); process.exit(1); //': 2, "'": "');process.exit(1)//" };
  assert.deepEqual(evaluate('`v0[i]); process.exit(1); //` * 2', [row], schema), [4]);
  assert.deepEqual(evaluate("concat(`'`, '\\'');throw 1//')", [row], schema), ["');process.exit(1)//\\');throw 1//"]);
});

test('a text column is compared with texts as row by row, null staying null', () => {
  const texts = ['red', 'green', 'blue'];
  const rows = Array.from({ length: 3000 }, (_, i): Row => ({ timeUs: i, s: i % 7 === 0 ? null : texts[i % 3]! }));
  assert.deepEqual(
    evaluate("s in ('red', 'blue')", rows),
    rows.map((row) => (row.s === null ? null : row.s !== 'green')),
  );
});

// Random expressions, written as text by type, over random rows.
const number: fc.Arbitrary<string> = fc.letrec<{ n: string; b: string; s: string }>((tie) => ({
  n: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', 'raw', 'big', 'timeUs', '1', '2.5', '0', 'null'),
    fc.tuple(tie('n'), fc.constantFrom('+', '-', '*', '/', '%'), tie('n')).map(([x, op, y]) => `(${x} ${op} ${y})`),
    tie('n').map((x) => `(${x})^2`),
    tie('n').map((x) => `-${x}`),
    fc.tuple(fc.constantFrom('abs', 'sqrt', 'floor', 'round', 'sign'), tie('n')).map(([f, x]) => `${f}(${x})`),
    fc.tuple(fc.constantFrom('min', 'max', 'coalesce'), tie('n'), tie('n')).map(([f, x, y]) => `${f}(${x}, ${y})`),
    fc.tuple(tie('b'), tie('n'), tie('n')).map(([c, x, y]) => `if(${c}, ${x}, ${y})`),
    tie('s').map((x) => `length(${x})`),
  ),
  b: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('p', 'q', 'true', 'false'),
    fc
      .tuple(tie('n'), fc.constantFrom('<', '<=', '=', '!=', '>', '>='), tie('n'))
      .map(([x, op, y]) => `(${x} ${op} ${y})`),
    fc.tuple(tie('s'), fc.constantFrom('<', '=', '!=', '>='), tie('s')).map(([x, op, y]) => `(${x} ${op} ${y})`),
    fc.tuple(tie('b'), fc.constantFrom('and', 'or', '='), tie('b')).map(([x, op, y]) => `(${x} ${op} ${y})`),
    tie('b').map((x) => `(not ${x})`),
    fc.oneof(tie('n'), tie('s'), tie('b')).map((x) => `(${x} is null)`),
    fc
      .tuple(fc.constantFrom('contains', 'starts_with', 'ends_with'), tie('s'), tie('s'))
      .map(([f, x, y]) => `${f}(${x}, ${y})`),
    fc.tuple(tie('s'), tie('s'), tie('s')).map(([x, y, z]) => `(${x} in (${y}, ${z}))`),
    fc.tuple(tie('b'), tie('b'), tie('b')).map(([c, x, y]) => `if(${c}, ${x}, ${y})`),
  ),
  s: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('s', 't', "'a'", "'AB'", "''"),
    fc.tuple(fc.constantFrom('lower', 'upper'), tie('s')).map(([f, x]) => `${f}(${x})`),
    fc.tuple(fc.constantFrom('concat', 'coalesce'), tie('s'), tie('s')).map(([f, x, y]) => `${f}(${x}, ${y})`),
    fc.tuple(tie('b'), tie('s'), tie('s')).map(([c, x, y]) => `if(${c}, ${x}, ${y})`),
  ),
})).n;

const cell = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 3 });
const row: fc.Arbitrary<Row> = fc.record({
  timeUs: fc.integer({ min: 0, max: 1e6 }),
  a: cell(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(NaN, Infinity, 0.5))),
  b: cell(fc.integer({ min: -4, max: 4 })),
  raw: cell(fc.integer({ min: -20, max: 20 })),
  big: cell(fc.integer({ min: -9, max: 9 })),
  p: cell(fc.boolean()),
  q: cell(fc.boolean()),
  s: cell(fc.constantFrom('a', 'AB', 'ab', '')),
  t: cell(fc.constantFrom('a', 'b', 'abAB')),
});

test('compiled expressions give for every row what an interpreter written from the rules gives', () => {
  fc.assert(
    fc.property(number, fc.array(row, { minLength: 1, maxLength: 20 }), (text, rows) => {
      const node = parseExpression(`coalesce(${text}, 0.125)`);
      let got: Cell[];
      try {
        got = evaluate(`coalesce(${text}, 0.125)`, rows);
      } catch (error) {
        // Random texts may compare with a literal null, which is refused.
        assert.ok(error instanceof ExpressionError && /null/.test(error.message), String(error));
        return;
      }
      const physical = rows.map((r) => ({ ...r, raw: r.raw === null ? null : (r.raw as number) * 0.25 - 3 }) as Row);
      assert.deepEqual(
        got.map(String),
        physical.map((r) => String(evaluateRow(node, r))),
      );
    }),
    { numRuns: 3000 },
  );
});
