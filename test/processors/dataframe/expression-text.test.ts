import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coalesce, col, expr, hypot, lit, when } from '../../../pipeline/index.js';
import { FUNCTIONS } from '../../../processors/expressions/functions.js';
import { parseExpression } from '../../../processors/expressions/parser.js';

const numRuns = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);

/** A tree as it is meant, without places in a text, and what the builder makes of it. */
interface Meant {
  tree: Tree;
  built: Built;
}
type Tree = { kind: string } & Record<string, unknown>;
// The compiler's part is proved by typed-frames.ts; here all is called as JavaScript would.
type Built = { text: string } & Record<string, (...args: unknown[]) => Built>;

function withoutPlaces(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPlaces);
  if (typeof node !== 'object' || node === null) return node;
  const { at: _at, length: _length, ...rest } = node as Record<string, unknown>;
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutPlaces(value)]));
}

const built = (expression: unknown) => expression as Built;

const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 1e21, -1e300, 5e-324, Number.MAX_VALUE, 0.1, 1e-7),
);
const names = fc.oneof(
  fc.constantFrom(
    'speed',
    'gps.lat',
    'größe',
    '_x1',
    'and',
    'NOT',
    'Or',
    'pi',
    'oil temp [C]',
    '2fast',
    'a`b',
    'a.',
    'max',
  ),
  fc.string({ minLength: 1, unit: 'grapheme' }),
);

const leaf: fc.Arbitrary<Meant> = fc.oneof(
  numbers.map((value) => {
    const number = { kind: 'number', value: Math.abs(value) };
    const isNegative = value < 0 || Object.is(value, -0);
    return { tree: isNegative ? { kind: 'negate', operand: number } : number, built: built(lit(value)) };
  }),
  fc.string().map((value) => ({ tree: { kind: 'text', value }, built: built(lit(value)) })),
  fc.boolean().map((value) => ({ tree: { kind: 'bool', value }, built: built(lit(value)) })),
  fc.constant({ tree: { kind: 'null' }, built: built(lit(null)) }),
  fc.constant({ tree: { kind: 'time' }, built: built(col('timeUs')) }),
  names
    .filter((name) => name !== 'timeUs')
    .map((name) => ({ tree: { kind: 'column', name }, built: built(col(name)) })),
);

const ARITHMETIC = { add: '+', sub: '-', mul: '*', div: '/', mod: '%', pow: '^' };
const COMPARE = { eq: '=', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' };

const { meant } = fc.letrec<{ meant: Meant }>((tie) => {
  const two = fc.tuple(tie('meant'), tie('meant'));
  const infix = (kind: string, ops: Record<string, string>) =>
    fc.tuple(fc.constantFrom(...Object.entries(ops)), two).map(([[method, op], [left, right]]) => ({
      tree: { kind, op, left: left.tree, right: right.tree },
      built: left.built[method]!(right.built),
    }));
  const calls = { abs: 'abs', isNan: 'is_nan', startsWith: 'starts_with', clamp: 'clamp', concat: 'concat', ln: 'ln' };
  return {
    meant: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      infix('arithmetic', ARITHMETIC),
      infix('compare', COMPARE),
      infix('logic', { and: 'and', or: 'or' }),
      tie('meant').map((of) => ({ tree: { kind: 'negate', operand: of.tree }, built: of.built.neg!() })),
      tie('meant').map((of) => ({ tree: { kind: 'not', operand: of.tree }, built: of.built.not!() })),
      tie('meant').map((of) => ({ tree: { kind: 'is-null', operand: of.tree }, built: of.built.isNull!() })),
      tie('meant').map((of) => ({
        tree: { kind: 'not', operand: { kind: 'is-null', operand: of.tree } },
        built: of.built.isNotNull!(),
      })),
      fc
        .tuple(tie('meant'), fc.array(tie('meant'), { minLength: 1, maxLength: 3 }), fc.boolean())
        .map(([of, values, negated]) => {
          const equal = values.map((each): Tree => ({ kind: 'compare', op: '=', left: of.tree, right: each.tree }));
          const tree = equal.reduce((left, right) => ({ kind: 'logic', op: 'or', left, right }));
          return {
            tree: negated ? { kind: 'not', operand: tree } : tree,
            built: of.built[negated ? 'notIn' : 'isIn']!(...values.map((each) => each.built)),
          };
        }),
      fc
        .tuple(fc.constantFrom(...Object.entries(calls)), fc.array(tie('meant'), { minLength: 1, maxLength: 3 }))
        .map(([[method, name], [of, ...more]]) => ({
          tree: { kind: 'call', name, args: [of!.tree, ...more.map((each) => each.tree)] },
          built: of!.built[method]!(...more.map((each) => each.built)),
        })),
      fc.tuple(tie('meant'), two).map(([c, [a, b]]) => ({
        tree: { kind: 'call', name: 'if', args: [c.tree, a.tree, b.tree] },
        built: built(when(c.built as never, a.built as never, b.built as never)),
      })),
      // Text that was written is taken apart no further, and keeps its meaning wherever it is put.
      tie('meant').map((of) => ({ tree: of.tree, built: built(expr(of.built.text)) })),
    ),
  };
});

test('What the builder writes is read as the tree that was meant.', () => {
  fc.assert(
    fc.property(meant, ({ tree, built: { text } }) => {
      assert.deepEqual(withoutPlaces(parseExpression(text)), tree, text);
    }),
    { numRuns },
  );
});

test('Parentheses stand where they are needed, and nowhere else.', () => {
  const texts = [
    [col('speed').mul(3.6), 'speed * 3.6'],
    [hypot(col('ax'), col('ay')).div(9.80665), 'hypot(ax, ay) / 9.80665'],
    [col('ax').pow(2).add(col('ay').pow(2)).sqrt().div(9.80665), 'sqrt(ax^2 + ay^2) / 9.80665'],
    [col('a').add(col('b')).mul(col('c').sub(-2)), '(a + b) * (c - -2)'],
    [col('a').sub(col('b').sub(1)), 'a - (b - 1)'],
    [lit(-2).pow(2).neg(), '-(-2)^2'],
    [col('kmh').gt(5).and(col('gear').isIn(1, 2)), 'kmh > 5 and gear in (1, 2)'],
    [col('a').gt(1).or(col('b').lt(2)).and(col('tyre').isNotNull()), '(a > 1 or b < 2) and tyre is not null'],
    [col('tyre').eq("it's").not(), "not tyre = 'it''s'"],
    [col('oil temp [C]').gt(130), '`oil temp [C]` > 130'],
    [coalesce(col('a'), 0), 'coalesce(a, 0)'],
  ] as const;
  for (const [expression, text] of texts) assert.equal(expression.text, text);
});

test('Each function of the language has a method or a function.', () => {
  const sample = built(col('x'));
  const one = ['abs', 'sign', 'sqrt', 'exp', 'ln', 'log10', 'log2', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan'];
  const methods = [...one, 'floor', 'ceil', 'round', 'isNan', 'lower', 'upper', 'length', 'clamp', 'contains'];
  const written = [...methods, 'startsWith', 'endsWith', 'concat'].map((method) => sample[method]!(1, 2).text);
  const byName = Object.keys(FUNCTIONS).filter((name) => !written.some((text) => text.startsWith(`${name}(`)));
  // These begin with no value of their own, and are functions.
  assert.deepEqual(byName.sort(), ['atan2', 'coalesce', 'hypot', 'if', 'max', 'min']);
});

test('Values that no text can stand for are refused, with what to write instead.', () => {
  const refused = (make: () => unknown, message: string) => {
    assert.throws(make, { name: 'PitwallError', code: 'bad-configuration', message });
  };
  const any = col('x') as never as Built;
  refused(() => col('x').mul(Number.NaN), 'mul takes finite numbers, and this is NaN; ask for NaN with isNan()');
  refused(
    () => lit(Number.POSITIVE_INFINITY),
    'lit takes finite numbers, and this is Infinity; ask for NaN with isNan()',
  );
  refused(
    () => any.eq!(null),
    "eq takes a constant or an expression such as col('speed'), not null; ask for null with isNull() or isNotNull()",
  );
  refused(() => any.add!(), "add takes a constant or an expression such as col('speed'), not undefined");
  refused(() => any.add!({}), "add takes a constant or an expression such as col('speed'), not an object");
  refused(() => any.isIn!(), 'isIn takes at least one value');
  refused(() => col(''), 'col takes the name of a column, not an empty text');
  refused(() => col(5 as never), 'col takes the name of a column, not a number');
  refused(() => lit(5n as never), 'lit takes a number, a text, true, false or null, not a bigint');
});
