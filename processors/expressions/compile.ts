import type { Batch, Column } from '../../columnar/batch.js';
import { int64ToFloat64 } from '../../columnar/int64.js';
import { type Field, field, type Schema } from '../../columnar/schema.js';
import type { Node, ValueType } from './ast.js';
import { columnType, inferTypes } from './check.js';
import { ExpressionError, type ExpressionFault } from './fault.js';
import { FUNCTIONS } from './functions.js';
import { Loop, type LoopInput } from './loop.js';
import {
  chooseTexts,
  constantText,
  nullText,
  numbersOfTexts,
  presentBytes,
  type TextVector,
  textsOfTexts,
  trueBytes,
} from './text-vector.js';

/** An expression made ready for batches of one schema. */
export interface CompiledExpression {
  /** The column it gives, without a name; null when it can only give null (all it reads is missing). */
  readonly field: Omit<Field, 'name'> | null;
  /** Columns it names that the schema does not have; they count as null. */
  readonly missing: readonly string[];
  /** Must not be called when `field` is null. */
  evaluate(batch: Batch): Column;
}

/**
 * Compiles an expression for the columns of `schema`. Numbers are computed and given as f64 (i64 through float64, scale
 * and offset applied), comparisons as bool, texts as utf8; a lone column is handed on as it is. Throws an
 * `ExpressionError` when the types of the columns do not fit.
 */
export function compileExpression(root: Node, schema: Schema): CompiledExpression {
  const missing: string[] = [];
  const faults: ExpressionFault[] = [];
  const types = inferTypes(
    root,
    (name) => {
      const type = columnType(schema, name);
      if (type === null && !missing.includes(name)) missing.push(name);
      return type ?? 'null';
    },
    faults,
  );
  if (faults.length > 0) throw new ExpressionError(faults[0]!);
  const compiler = new Compiler(schema, types);
  return { ...compiler.result(root), missing };
}

class Compiler {
  constructor(
    private readonly schema: Schema,
    private readonly types: ReadonlyMap<Node, ValueType>,
  ) {}

  result(root: Node): Omit<CompiledExpression, 'missing'> {
    const type = this.types.get(root)!;
    if (type === 'null' || type === 'unknown') {
      return {
        field: null,
        evaluate: () => {
          throw new Error('the expression gives only null');
        },
      };
    }
    if (root.kind === 'column') {
      const index = this.schema.indexOf(root.name);
      return { field: this.schema.fields[index]!, evaluate: (batch) => batch.columns[index]! };
    }
    if (type === 'text') {
      const texts = this.texts(root);
      return { field: field('', 'utf8'), evaluate: (batch) => textColumn(texts(batch)) };
    }
    const loop = this.loop(root);
    return { field: field('', type === 'bool' ? 'bool' : 'f64'), evaluate: (batch) => loop.evaluate(batch) };
  }

  private loop(root: Node): Loop {
    return new Loop(root, this.types, (node) => this.input(node));
  }

  /** What a loop reads from outside: columns, time, and what is computed of texts; null for a node of its own. */
  private input(node: Node): LoopInput | null {
    if (node.kind === 'time') {
      const read = (batch: Batch): Column => ({ values: batch.timeUs, nulls: null, dictionary: null });
      return { key: 'time', code: (cell) => cell, read };
    }
    if (node.kind === 'column' && this.types.get(node) !== 'text') return columnInput(this.schema, node.name);
    if (node.kind === 'is-null' && this.types.get(node.operand) === 'text') {
      const texts = this.texts(node.operand);
      return textInput(node, 'bool', (batch) => {
        const present = presentBytes(texts(batch), batch.rows);
        return { values: present.map((byte) => 1 - byte), nulls: null, dictionary: null };
      });
    }
    if (node.kind === 'compare' && [node.left, node.right].some((side) => this.types.get(side) === 'text')) {
      return this.ofTexts(node, [node.left, node.right], 'bool', COMPARE_TEXTS[node.op]!);
    }
    if (node.kind === 'call') {
      const { ofTexts, result } = FUNCTIONS[node.name]!;
      if (ofTexts && result !== 'text') {
        return this.ofTexts(
          node,
          node.args,
          result as 'number' | 'bool',
          ofTexts as (...texts: string[]) => number | boolean,
        );
      }
    }
    return null;
  }

  private ofTexts(
    node: Node,
    args: readonly Node[],
    type: 'number' | 'bool',
    of: (...texts: string[]) => number | boolean,
  ): LoopInput {
    const vectors = args.map((arg) => this.texts(arg));
    return textInput(node, type, (batch) =>
      numbersOfTexts(
        vectors.map((texts) => texts(batch)),
        batch.rows,
        of,
      ),
    );
  }

  /** A text-valued node as a function of the batch. */
  private texts(node: Node): (batch: Batch) => TextVector {
    if (this.types.get(node) !== 'text') return (batch) => nullText(batch.rows);
    if (node.kind === 'text') return (batch) => constantText(node.value, batch.rows);
    if (node.kind === 'column') {
      const index = this.schema.indexOf(node.name);
      return (batch) => {
        const { values, nulls, dictionary } = batch.columns[index]!;
        return { index: values as Int32Array, nulls, dictionary: dictionary!, constant: false };
      };
    }
    if (node.kind !== 'call') throw new Error(`a ${node.kind} node gives no text`);
    if (node.name === 'if') {
      const condition = this.condition(node.args[0]!);
      const [a, b] = [this.texts(node.args[1]!), this.texts(node.args[2]!)];
      return (batch) => chooseTexts(condition(batch), a(batch), b(batch), batch.rows);
    }
    const vectors = node.args.map((arg) => this.texts(arg));
    if (node.name === 'coalesce') {
      return (batch) =>
        vectors
          .map((texts) => texts(batch))
          .reduceRight((rest, first) => chooseTexts(presentBytes(first, batch.rows), first, rest, batch.rows));
    }
    const of = FUNCTIONS[node.name]!.ofTexts as (...texts: string[]) => string;
    if (vectors.length === 1) return (batch) => textsOfTexts([vectors[0]!(batch)], batch.rows, of);
    return (batch) =>
      vectors.map((texts) => texts(batch)).reduce((left, right) => textsOfTexts([left, right], batch.rows, of));
  }

  private condition(node: Node): (batch: Batch) => Uint8Array {
    if (this.types.get(node) === 'null') return (batch) => new Uint8Array(batch.rows);
    const loop = this.loop(node);
    return (batch) => trueBytes(loop.evaluate(batch), batch.rows);
  }
}

const COMPARE_TEXTS: Record<string, (a: string, b: string) => boolean> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function columnInput(schema: Schema, name: string): LoopInput | null {
  const index = schema.indexOf(name);
  if (index < 0) return null;
  const { type, scale, offset } = schema.fields[index]!;
  const key = `column ${index}`;
  if (type === 'bool') return { key, code: (cell) => `${cell} !== 0`, read: (batch) => batch.columns[index]! };
  const code =
    scale === 1 && offset === 0 ? (cell: string) => cell : (cell: string) => `${cell} * (${scale}) + (${offset})`;
  if (type !== 'i64') return { key, code, read: (batch) => batch.columns[index]! };
  const read = (batch: Batch): Column => {
    const values = new Float64Array(batch.rows);
    int64ToFloat64(batch.columns[index]!.values as BigInt64Array, values, batch.rows);
    return { ...batch.columns[index]!, values };
  };
  return { key, code, read };
}

function textInput(node: Node, type: 'number' | 'bool', read: (batch: Batch) => Column): LoopInput {
  const code = type === 'bool' ? (cell: string) => `${cell} !== 0` : (cell: string) => cell;
  return { key: `texts ${node.kind} ${node.at} ${node.length}`, code, read };
}

function textColumn(vector: TextVector): Column {
  return { values: vector.index, nulls: vector.nulls, dictionary: vector.dictionary };
}
