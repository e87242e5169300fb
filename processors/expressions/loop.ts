import { type Batch, bitmapBytes, type Column } from '../../columnar/batch.js';
import type { Node, ValueType } from './ast.js';
import { FUNCTIONS } from './functions.js';

/** Numbers or bools that a loop reads, one a row: a column, the time axis, or what was computed of texts. */
export interface LoopInput {
  /** Names equal inputs. */
  key: string;
  /** JavaScript for the value of `cell`, which reads the raw cell. */
  code(cell: string): string;
  read(batch: Batch): Column;
}

/** JavaScript for a value and for whether it is null; a value under a null is of no meaning. */
interface Code {
  value: string;
  isNull: string;
}

type Kernel = (rows: number, out: Float64Array | Uint8Array, nulls: Uint8Array | null, ...inputs: unknown[]) => boolean;

const NONE: Code = { value: '0', isNull: 'true' };

/**
 * An expression of numbers and bools as one loop over the rows. The loop is JavaScript made from the tree: literals are
 * written by value, columns only ever as numbered parameters. One kernel is made for each set of inputs that have nulls,
 * so that rows without nulls pay nothing for them.
 */
export class Loop {
  private readonly inputs: LoopInput[] = [];
  private readonly kernels = new Map<string, { run: Kernel; nullable: boolean }>();
  private lines: string[] = [];
  private hasNulls = '';

  constructor(
    private readonly root: Node,
    private readonly types: ReadonlyMap<Node, ValueType>,
    private readonly inputOf: (node: Node) => LoopInput | null,
  ) {
    this.generate(root);
  }

  evaluate(batch: Batch): Column {
    const { rows } = batch;
    const columns = this.inputs.map((input) => input.read(batch));
    const hasNulls = columns.map((column) => (column.nulls ? '1' : '0')).join('');
    let kernel = this.kernels.get(hasNulls);
    if (!kernel) this.kernels.set(hasNulls, (kernel = this.compile(hasNulls)));
    const values = this.types.get(this.root) === 'bool' ? new Uint8Array(rows) : new Float64Array(rows);
    const nulls = kernel.nullable ? new Uint8Array(bitmapBytes(rows)) : null;
    const any = kernel.run(rows, values, nulls, ...columns.flatMap((column) => [column.values, column.nulls]));
    return { values, nulls: any ? nulls : null, dictionary: null };
  }

  private compile(hasNulls: string): { run: Kernel; nullable: boolean } {
    this.lines = [];
    this.hasNulls = hasNulls;
    const { value, isNull } = this.generate(this.root);
    const parameters = this.inputs.flatMap((_, i) => [`v${i}`, `n${i}`]);
    const store = this.types.get(this.root) === 'bool' ? `(${value}) ? 1 : 0` : value;
    const body = `
      let any = false;
      const remainder = (a, b) => {
        const left = a - Math.floor(a / b) * b;
        return left < 0 ? left + b : left < b ? left : left - b;
      };
      for (let i = 0; i < rows; i++) {
        ${this.lines.join('\n        ')}
        ${isNull === 'false' ? '' : `if (${isNull}) { nulls[i >> 3] |= 1 << (i & 7); any = true; continue; }`}
        out[i] = ${store};
      }
      return any;`;
    const run = new Function('rows', 'out', 'nulls', ...parameters, body) as Kernel;
    return { run, nullable: isNull !== 'false' };
  }

  private local(code: string): string {
    const name = `x${this.lines.length}`;
    this.lines.push(`const ${name} = ${code};`);
    return name;
  }

  private named(value: string, isNull: string): Code {
    return { value: this.local(value), isNull: /^(true|false|x\d+)$/.test(isNull) ? isNull : this.local(isNull) };
  }

  private generate(node: Node): Code {
    if (this.types.get(node) === 'null') return NONE;
    const input = this.inputOf(node);
    if (input) return this.load(input);
    switch (node.kind) {
      case 'number':
        return { value: `(${node.value})`, isNull: 'false' };
      case 'bool':
        return { value: String(node.value), isNull: 'false' };
      case 'negate':
        return this.map([node.operand], (x) => `-${x}`);
      case 'not':
        return this.map([node.operand], (x) => `!${x}`);
      case 'arithmetic':
        return this.map([node.left, node.right], arithmetic(node));
      case 'compare': {
        const op = node.op === '=' ? '===' : node.op === '!=' ? '!==' : node.op;
        return this.map([node.left, node.right], (a, b) => `${a} ${op} ${b}`);
      }
      case 'logic':
        return this.logic(node);
      case 'is-null':
        return { value: this.generate(node.operand).isNull, isNull: 'false' };
      case 'call':
        return this.call(node);
      default:
        throw new Error(`a ${node.kind} node is no part of a loop`);
    }
  }

  private load(input: LoopInput): Code {
    let at = this.inputs.findIndex((known) => known.key === input.key);
    if (at < 0) at = this.inputs.push(input) - 1;
    const value = this.local(input.code(`v${at}[i]`));
    const isNull = this.hasNulls[at] === '1' ? this.local(`(n${at}[i >> 3] & (1 << (i & 7))) !== 0`) : 'false';
    return { value, isNull };
  }

  /** A result that is null when any operand is. */
  private map(operands: readonly Node[], code: (...values: string[]) => string): Code {
    const parts = operands.map((operand) => this.generate(operand));
    const isNull = any(parts.map((part) => part.isNull));
    return this.named(code(...parts.map((part) => part.value)), isNull);
  }

  /** Three-valued logic (Kleene): a definite false decides `and`, a definite true decides `or`, whatever is null. */
  private logic(node: Node & { kind: 'logic' }): Code {
    const a = this.generate(node.left);
    const b = this.generate(node.right);
    const not = node.op === 'and' ? '!' : '';
    const decides = (x: Code) => all([negated(x.isNull), `${not}${x.value}`]);
    const value = node.op === 'and' ? `${a.value} && ${b.value}` : any([decides(a), decides(b)]);
    const unknown = any([a.isNull, b.isNull]);
    return this.named(value, unknown === 'false' ? 'false' : `(${unknown}) && !(${decides(a)}) && !(${decides(b)})`);
  }

  private call(node: Node & { kind: 'call' }): Code {
    if (node.name === 'if') {
      const [condition, a, b] = node.args.map((arg) => this.generate(arg)) as [Code, Code, Code];
      const holds = this.local(all([negated(condition.isNull), condition.value]));
      return this.named(`${holds} ? ${a.value} : ${b.value}`, choose(holds, a.isNull, b.isNull));
    }
    if (node.name === 'coalesce') {
      return node.args
        .map((arg) => this.generate(arg))
        .reduceRight((rest, first) =>
          first.isNull === 'false'
            ? first
            : this.named(`${first.isNull} ? ${rest.value} : ${first.value}`, all([first.isNull, rest.isNull])),
        );
    }
    return this.map(node.args, FUNCTIONS[node.name]!.code!);
  }
}

function arithmetic(node: Node & { kind: 'arithmetic' }): (a: string, b: string) => string {
  if (node.op === '%' && node.right.kind === 'number') return remainder(node.right.value);
  if (node.op !== '^') return (a, b) => `${a} ${node.op} ${b}`;
  // A square is common, and a product is several times faster than a power.
  if (node.right.kind === 'number' && node.right.value === 2) return (a) => `${a} * ${a}`;
  return (a, b) => `Math.pow(${a}, ${b})`;
}

const DIVISOR_MAX = 2 ** 31;

/**
 * What is left over whole divisors, as of times. `%` of doubles is several times slower than a division, which is exact
 * here: the quotient of numbers up to 2^53 is at most one off, and its product is a whole number that a double holds.
 */
function remainder(divisor: number): (a: string, b: string) => string {
  if (!Number.isInteger(divisor) || divisor < 1 || divisor > DIVISOR_MAX) return (a, b) => `${a} % ${b}`;
  const most = Number.MAX_SAFE_INTEGER - DIVISOR_MAX;
  return (a, b) => `${a} > 0 && ${a} <= ${most} ? remainder(${a}, ${b}) : ${a} % ${b}`;
}

function any(conditions: readonly string[]): string {
  if (conditions.includes('true')) return 'true';
  const open = conditions.filter((condition) => condition !== 'false');
  return open.length === 0 ? 'false' : open.length === 1 ? open[0]! : open.map((c) => `(${c})`).join(' || ');
}

function all(conditions: readonly string[]): string {
  if (conditions.includes('false')) return 'false';
  const open = conditions.filter((condition) => condition !== 'true');
  return open.length === 0 ? 'true' : open.length === 1 ? open[0]! : open.map((c) => `(${c})`).join(' && ');
}

function negated(condition: string): string {
  return condition === 'true' ? 'false' : condition === 'false' ? 'true' : `!(${condition})`;
}

function choose(condition: string, a: string, b: string): string {
  return a === b ? a : `${condition} ? ${a} : ${b}`;
}
