import type { Node } from '../../../processors/expressions/ast.js';
import type { Cell, Row } from '../telemetry.js';

/** An interpreter of expressions, row by row, written from the rules: the compiler must give the same. */
export function evaluateRow(node: Node, row: Row): Cell {
  const of = (inner: Node) => evaluateRow(inner, row);
  switch (node.kind) {
    case 'number':
    case 'text':
    case 'bool':
      return node.value;
    case 'null':
      return null;
    case 'time':
      return row.timeUs;
    case 'column':
      return row[node.name] ?? null;
    case 'negate':
      return strict([of(node.operand)], (x) => -(x as number));
    case 'not':
      return strict([of(node.operand)], (x) => !x);
    case 'is-null':
      return of(node.operand) === null;
    case 'logic': {
      const sides = [of(node.left), of(node.right)];
      const decisive = node.op === 'or';
      if (sides.includes(decisive)) return decisive;
      return sides.includes(null) ? null : !decisive;
    }
    case 'arithmetic':
      return strict([of(node.left), of(node.right)], (a, b) => ARITHMETIC[node.op]!(a as number, b as number));
    case 'compare':
      return strict([of(node.left), of(node.right)], (a, b) => COMPARE[node.op]!(a as number, b as number));
    case 'call': {
      const args = node.args.map(of);
      if (node.name === 'if') return args[0] === true ? args[1]! : args[2]!;
      if (node.name === 'coalesce') return args.find((arg) => arg !== null) ?? null;
      return strict(args, FUNCTIONS[node.name]!);
    }
  }
}

function strict(args: Cell[], of: (...args: Cell[]) => Cell): Cell {
  return args.includes(null) ? null : of(...args);
}

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
};

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const numbers =
  (of: (...x: number[]) => number) =>
  (...args: Cell[]) =>
    of(...(args as number[]));
const texts =
  (of: (...x: string[]) => Cell) =>
  (...args: Cell[]) =>
    of(...(args as string[]));

const FUNCTIONS: Record<string, (...args: Cell[]) => Cell> = {
  abs: numbers(Math.abs),
  sqrt: numbers(Math.sqrt),
  floor: numbers(Math.floor),
  round: numbers((x) => (x === 0 ? x : Math.sign(x) * Math.floor(Math.abs(x) + 0.5))),
  sign: numbers(Math.sign),
  min: numbers(Math.min),
  max: numbers(Math.max),
  clamp: numbers((x, low, high) => (x < low ? Math.min(low, high) : x > high ? high : Math.min(x, high))),
  is_nan: (x) => Number.isNaN(x),
  lower: texts((a) => a!.toLowerCase()),
  upper: texts((a) => a!.toUpperCase()),
  length: texts((a) => a!.length),
  contains: texts((a, b) => a!.indexOf(b!) >= 0),
  starts_with: texts((a, b) => a!.slice(0, b!.length) === b),
  ends_with: texts((a, b) => b === '' || a!.slice(-b!.length) === b),
  concat: texts((...all) => all.join('')),
};
