import { suggest } from '../../core/suggest.js';
import type { ArithmeticOp, CompareOp, Node } from './ast.js';
import { refuse } from './fault.js';
import { FUNCTIONS } from './functions.js';
import { homeOf } from './step-functions.js';
import { type Token, tokenize } from './tokenizer.js';

/** Far beyond what anyone writes by hand; the limit keeps the recursion over the tree small. */
const TOKENS_MAX = 1000;

/** Names of functions beside those that every expression has; a Map or a Set will do. */
export interface FunctionNames {
  has(name: string): boolean;
  keys(): Iterable<string>;
}

const NO_MORE: FunctionNames = new Set();

/**
 * Parses an expression; throws an `ExpressionError` at the first fault. Binding, loosest first: `or`, `and`, `not`,
 * comparisons with `is` and `in` (which do not chain), `+ -`, `* / %`, sign, `^` (to the right). Calls of the functions
 * named by `more` are for the caller to understand, before the tree is checked or compiled.
 */
export function parseExpression(text: string, more: FunctionNames = NO_MORE): Node {
  const tokens = tokenize(text);
  if (tokens.length > TOKENS_MAX) {
    refuse(0, text.length, `the expression has ${tokens.length} words and signs; the limit is ${TOKENS_MAX}`);
  }
  return new Parser(tokens, more).parse();
}

class Parser {
  private next = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly more: FunctionNames,
  ) {}

  parse(): Node {
    if (this.tokens[0]!.kind === 'end') refuse(0, 0, 'the expression is empty');
    const node = this.or();
    if (this.token.kind !== 'end') this.unexpected('the end or an operator');
    return node;
  }

  private get token(): Token {
    return this.tokens[this.next]!;
  }

  private or(): Node {
    let left = this.and();
    while (this.word('or')) left = this.join(left, this.and(), 'or');
    return left;
  }

  private and(): Node {
    let left = this.not();
    while (this.word('and')) left = this.join(left, this.not(), 'and');
    return left;
  }

  private join(left: Node, right: Node, op: 'and' | 'or'): Node {
    return { kind: 'logic', op, left, right, ...span(left, right) };
  }

  private not(): Node {
    const start = this.token;
    if (!this.word('not')) return this.comparison();
    const operand = this.not();
    return { kind: 'not', operand, ...span(start, operand) };
  }

  private comparison(): Node {
    const left = this.sum();
    const start = this.token;
    if (this.word('is')) {
      const negated = this.word('not');
      const end = this.token;
      if (!this.word('null')) this.unexpected('null');
      return negate(negated, { kind: 'is-null', operand: left, ...span(left, end) });
    }
    const negated = start.kind === 'word' && start.value === 'not' && this.tokens[this.next + 1]!.value === 'in';
    if (negated) this.next++;
    if (this.word('in')) return negate(negated, this.list(left));
    const op = COMPARE[start.value];
    if (start.kind !== 'sign' || op === undefined) return left;
    this.next++;
    const right = this.sum();
    const node: Node = { kind: 'compare', op, left, right, ...span(left, right) };
    const after = this.token;
    if (after.kind === 'sign' && COMPARE[after.value] !== undefined) {
      refuse(after.at, after.length, 'comparisons do not chain; join two with and');
    }
    return node;
  }

  /** `x in (a, b)` means `x = a or x = b`. */
  private list(left: Node): Node {
    this.sign('(');
    let node: Node | null = null;
    do {
      const item = this.or();
      const equal: Node = { kind: 'compare', op: '=', left, right: item, at: item.at, length: item.length };
      node = node === null ? equal : { kind: 'logic', op: 'or', left: node, right: equal, ...span(left, item) };
    } while (this.take(','));
    this.sign(')');
    return node;
  }

  private sum(): Node {
    let left = this.product();
    for (let op = this.arithmetic('+-'); op; op = this.arithmetic('+-')) left = operate(op, left, this.product());
    return left;
  }

  private product(): Node {
    let left = this.signed();
    for (let op = this.arithmetic('*/%'); op; op = this.arithmetic('*/%')) left = operate(op, left, this.signed());
    return left;
  }

  private signed(): Node {
    const start = this.token;
    const minus = this.take('-');
    if (!minus && !this.take('+')) return this.power();
    const operand = this.signed();
    return minus ? { kind: 'negate', operand, ...span(start, operand) } : operand;
  }

  private power(): Node {
    const base = this.primary();
    return this.take('^') ? operate('^', base, this.signed()) : base;
  }

  private primary(): Node {
    const { kind, value, at, length } = this.token;
    const place = { at, length };
    if (kind === 'sign' && value === '(') {
      this.next++;
      const inner = this.or();
      this.sign(')');
      return inner;
    }
    if (kind === 'end' || kind === 'sign') this.unexpected('a value');
    if (kind === 'word' && value !== 'null' && value !== 'true' && value !== 'false') this.unexpected('a value');
    this.next++;
    if (kind === 'number') return { kind, value: Number(value), ...place };
    if (kind === 'text') return { kind, value, ...place };
    if (kind === 'word')
      return value === 'null' ? { kind: 'null', ...place } : { kind: 'bool', value: value === 'true', ...place };
    if (kind === 'name') {
      if (this.token.kind === 'sign' && this.token.value === '(') return this.call(value, at);
      if (value === 'timeUs') return { kind: 'time', ...place };
      if (value === 'pi') return { kind: 'number', value: Math.PI, ...place };
    }
    return { kind: 'column', name: value, ...place };
  }

  private call(name: string, at: number): Node {
    if (!Object.hasOwn(FUNCTIONS, name) && !this.more.has(name)) {
      const home = homeOf(name);
      if (home !== null) refuse(at, name.length, `${name} takes values of many rows; it belongs in ${home}`);
      const meant = suggest(name, [...Object.keys(FUNCTIONS), ...this.more.keys()]);
      refuse(at, name.length, `there is no function ${name}${meant ? `; did you mean ${meant}?` : ''}`, meant);
    }
    this.sign('(');
    const args: Node[] = [];
    if (!this.peek(')')) {
      do args.push(this.or());
      while (this.take(','));
    }
    const end = this.token;
    this.sign(')');
    return { kind: 'call', name, args, at, length: end.at + 1 - at };
  }

  private arithmetic(signs: string): ArithmeticOp | null {
    const { kind, value } = this.token;
    if (kind !== 'sign' || !signs.includes(value)) return null;
    this.next++;
    return value as ArithmeticOp;
  }

  private word(value: string): boolean {
    const hit = this.token.kind === 'word' && this.token.value === value;
    if (hit) this.next++;
    return hit;
  }

  private peek(value: string): boolean {
    return this.token.kind === 'sign' && this.token.value === value;
  }

  private take(value: string): boolean {
    const hit = this.peek(value);
    if (hit) this.next++;
    return hit;
  }

  private sign(value: string): void {
    if (!this.take(value)) this.unexpected(`"${value}"`);
  }

  private unexpected(expected: string): never {
    const { kind, value, at, length } = this.token;
    if (kind === 'end') refuse(at, 0, `the expression ends where ${expected} should stand`);
    refuse(at, length, `"${value}" stands where ${expected} should stand`);
  }
}

const COMPARE: Record<string, CompareOp | undefined> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

interface Span {
  at: number;
  length: number;
}

function span(from: Span, to: Span): Span {
  return { at: from.at, length: to.at + to.length - from.at };
}

function operate(op: ArithmeticOp, left: Node, right: Node): Node {
  return { kind: 'arithmetic', op, left, right, ...span(left, right) };
}

function negate(negated: boolean, node: Node): Node {
  return negated ? { kind: 'not', operand: node, at: node.at, length: node.length } : node;
}
