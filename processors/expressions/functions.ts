import type { ValueType } from './ast.js';

/** A function of expressions. `args` may be repeated from the last one on when `more` is set. */
export interface FunctionEntry {
  args: readonly ValueType[];
  more?: boolean;
  result: ValueType;
  /** JavaScript for the result from JavaScript for each argument; numbers and bools only. */
  code?: (...args: string[]) => string;
  /** For functions of texts: of one row's texts. */
  ofTexts?: (...texts: string[]) => string | number | boolean;
}

const n = 'number' as const;
const t = 'text' as const;
const math = (name: string): FunctionEntry => ({
  args: [n],
  result: n,
  code: (x) => `Math.${name}(${x})`,
});

/**
 * All functions. Any null argument gives null, except for `if` and `coalesce`, which the type check and the compiler
 * know by name.
 */
export const FUNCTIONS: Record<string, FunctionEntry> = {
  abs: math('abs'),
  sqrt: math('sqrt'),
  exp: math('exp'),
  ln: math('log'),
  log10: math('log10'),
  log2: math('log2'),
  sin: math('sin'),
  cos: math('cos'),
  tan: math('tan'),
  asin: math('asin'),
  acos: math('acos'),
  atan: math('atan'),
  atan2: {
    args: [n, n],
    result: n,
    code: (y, x) => `Math.atan2(${y}, ${x})`,
  },
  hypot: {
    args: [n, n],
    more: true,
    result: n,
    code: (...x) => `Math.hypot(${x.join(', ')})`,
  },
  floor: math('floor'),
  ceil: math('ceil'),
  round: {
    args: [n],
    result: n,
    code: (x) => `(${x} < 0 ? -Math.round(-${x}) : Math.round(${x}))`,
  },
  sign: math('sign'),
  min: { args: [n, n], more: true, result: n, code: (...x) => `Math.min(${x.join(', ')})` },
  max: { args: [n, n], more: true, result: n, code: (...x) => `Math.max(${x.join(', ')})` },
  clamp: {
    args: [n, n, n],
    result: n,
    code: (x, low, high) => `Math.min(Math.max(${x}, ${low}), ${high})`,
  },
  is_nan: { args: [n], result: 'bool', code: (x) => `(${x} !== ${x})` },
  if: { args: ['bool', 'unknown', 'unknown'], result: 'unknown' },
  coalesce: { args: ['unknown', 'unknown'], more: true, result: 'unknown' },
  lower: { args: [t], result: t, ofTexts: (a) => a!.toLowerCase() },
  upper: { args: [t], result: t, ofTexts: (a) => a!.toUpperCase() },
  length: { args: [t], result: n, ofTexts: (a) => a!.length },
  contains: { args: [t, t], result: 'bool', ofTexts: (a, b) => a!.includes(b!) },
  starts_with: { args: [t, t], result: 'bool', ofTexts: (a, b) => a!.startsWith(b!) },
  ends_with: { args: [t, t], result: 'bool', ofTexts: (a, b) => a!.endsWith(b!) },
  concat: { args: [t, t], more: true, result: t, ofTexts: (a, b) => a! + b! },
};

/** `clamp(x, low, high)`: how a call is written, for messages. */
export function signature(name: string): string {
  const entry = FUNCTIONS[name]!;
  return `${name}(${entry.args.map((type) => (type === 'unknown' ? 'value' : type)).join(', ')}${entry.more ? ', …' : ''})`;
}
