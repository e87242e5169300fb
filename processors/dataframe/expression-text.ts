import { PitwallError } from '../../core/errors.js';
import { columnText, literalText } from './literal-text.js';

/** How tightly the outermost operator of a text binds, as the parser has it. */
export const BINDING = {
  or: 0,
  and: 1,
  not: 2,
  comparison: 3,
  sum: 4,
  product: 5,
  sign: 6,
  power: 7,
  value: 8,
} as const;
export type Binding = (typeof BINDING)[keyof typeof BINDING];

/**
 * An expression while it is put together: its text in the language of expressions, with parentheses where the tree needs
 * them and nowhere else. It never changes. Its methods, which are made below from tables, have their types in
 * NumberExpression, TextExpression and BoolExpression.
 */
export class ExpressionText {
  constructor(
    readonly text: string,
    readonly binding: Binding,
  ) {}

  toString(): string {
    return this.text;
  }
}

/** The operator, how tightly it binds, and how tightly what stands on its sides must. */
const INFIX: Record<string, [operator: string, own: Binding, left: Binding, right: Binding]> = {
  add: [' + ', BINDING.sum, BINDING.sum, BINDING.product],
  sub: [' - ', BINDING.sum, BINDING.sum, BINDING.product],
  mul: [' * ', BINDING.product, BINDING.product, BINDING.sign],
  div: [' / ', BINDING.product, BINDING.product, BINDING.sign],
  mod: [' % ', BINDING.product, BINDING.product, BINDING.sign],
  pow: ['^', BINDING.power, BINDING.value, BINDING.sign],
  eq: [' = ', BINDING.comparison, BINDING.sum, BINDING.sum],
  ne: [' != ', BINDING.comparison, BINDING.sum, BINDING.sum],
  lt: [' < ', BINDING.comparison, BINDING.sum, BINDING.sum],
  le: [' <= ', BINDING.comparison, BINDING.sum, BINDING.sum],
  gt: [' > ', BINDING.comparison, BINDING.sum, BINDING.sum],
  ge: [' >= ', BINDING.comparison, BINDING.sum, BINDING.sum],
  and: [' and ', BINDING.and, BINDING.and, BINDING.not],
  or: [' or ', BINDING.or, BINDING.or, BINDING.and],
};

/** What stands before or behind one operand. */
const AROUND: Record<string, [before: string, behind: string, own: Binding, inner: Binding]> = {
  neg: ['-', '', BINDING.sign, BINDING.sign],
  not: ['not ', '', BINDING.not, BINDING.not],
  isNull: ['', ' is null', BINDING.comparison, BINDING.sum],
  isNotNull: ['', ' is not null', BINDING.comparison, BINDING.sum],
};

/** Functions that are called on their first value. */
const CALLS: Record<string, string> = {
  ...Object.fromEntries(['abs', 'sign', 'sqrt', 'exp', 'ln', 'log10', 'log2'].map((name) => [name, name])),
  ...Object.fromEntries(['sin', 'cos', 'tan', 'asin', 'acos', 'atan'].map((name) => [name, name])),
  ...Object.fromEntries(['floor', 'ceil', 'round', 'clamp'].map((name) => [name, name])),
  ...Object.fromEntries(['lower', 'upper', 'length', 'contains', 'concat'].map((name) => [name, name])),
  startsWith: 'starts_with',
  endsWith: 'ends_with',
  isNan: 'is_nan',
};

const LISTS: Record<string, string> = { isIn: 'in', notIn: 'not in' };

/** A value of a builder's argument: an expression, or a constant that stands for itself. */
export function operand(value: unknown, what: string): ExpressionText {
  if (value instanceof ExpressionText) return value;
  const isConstant = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string';
  if (!isConstant) {
    const hint = value === null ? '; ask for null with isNull() or isNotNull()' : '';
    throw badExpression(what, `takes a constant or an expression such as col('speed'), not ${shown(value)}${hint}`);
  }
  return literal(value, what);
}

export function literal(value: unknown, what: string): ExpressionText {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw badExpression(what, `takes finite numbers, and this is ${value}; ask for NaN with isNan()`);
  }
  const isNegative = typeof value === 'number' && (value < 0 || Object.is(value, -0));
  return new ExpressionText(literalText(value), isNegative ? BINDING.sign : BINDING.value);
}

export function column(name: unknown, what: string): ExpressionText {
  if (typeof name !== 'string' || name === '') {
    throw badExpression(what, `takes the name of a column, not ${name === '' ? 'an empty text' : shown(name)}`);
  }
  return new ExpressionText(columnText(name), BINDING.value);
}

export function call(name: string, args: readonly unknown[], what = name): ExpressionText {
  return new ExpressionText(`${name}(${args.map((arg) => operand(arg, what).text).join(', ')})`, BINDING.value);
}

export function badExpression(what: string, message: string): PitwallError {
  return new PitwallError('bad-configuration', `${what} ${message}`, { stage: 'configuration' });
}

/** The text of an expression where an operator needs it to bind so tightly. */
function inside({ text, binding }: ExpressionText, least: Binding): string {
  return binding >= least ? text : `(${text})`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function method(name: string, make: (self: ExpressionText, args: unknown[]) => ExpressionText): void {
  Object.defineProperty(ExpressionText.prototype, name, {
    value(this: ExpressionText, ...args: unknown[]) {
      return make(this, args);
    },
  });
}

for (const [name, [operator, own, left, right]] of Object.entries(INFIX)) {
  method(name, (self, [other]) => {
    return new ExpressionText(inside(self, left) + operator + inside(operand(other, name), right), own);
  });
}
for (const [name, [before, behind, own, inner]] of Object.entries(AROUND)) {
  method(name, (self) => new ExpressionText(before + inside(self, inner) + behind, own));
}
for (const [name, called] of Object.entries(CALLS)) {
  method(name, (self, args) => call(called, [self, ...args], name));
}
for (const [name, word] of Object.entries(LISTS)) {
  method(name, (self, values) => {
    if (values.length === 0) throw badExpression(name, 'takes at least one value');
    const list = values.map((value) => operand(value, name).text).join(', ');
    return new ExpressionText(`${inside(self, BINDING.sum)} ${word} (${list})`, BINDING.comparison);
  });
}
