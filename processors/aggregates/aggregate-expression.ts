import { Schema } from '../../columnar/schema.js';
import type { Node, ValueType } from '../expressions/ast.js';
import { compileExpression } from '../expressions/compile.js';
import { type ExpressionFault, refuse } from '../expressions/fault.js';
import { FUNCTIONS } from '../expressions/functions.js';
import { parseExpression } from '../expressions/parser.js';
import type { Aggregate } from './aggregate.js';
import { AGGREGATES, aggregateSignature } from './aggregates.js';

/** One call of an aggregate. Equal calls, wherever they stand, have equal keys. */
export interface AggregateCall {
  readonly key: string;
  readonly name: string;
  readonly entry: Aggregate;
  /** Expressions over a row, with a key each that tells equal ones. */
  readonly args: readonly { readonly key: string; readonly node: Node }[];
  readonly constants: readonly number[];
}

/** An aggregate expression in two: what is taken of the rows, and what is computed of that. */
export interface AggregateExpression {
  readonly calls: readonly AggregateCall[];
  /** The expression with a column in the place of each call, under the key of the call. */
  readonly outer: Node;
}

/** Parses an aggregate expression such as `max(a) - min(a)`; throws an `ExpressionError` at the first fault. */
export function parseAggregates(text: string): AggregateExpression {
  const calls = new Map<string, AggregateCall>();
  const root = parseExpression(text, AGGREGATES);
  let bare: (Node & { kind: 'column' | 'time' }) | null = null;
  const outer = replaceNodes(root, (node) => {
    if (node.kind === 'column' || node.kind === 'time') bare ??= node;
    if (node.kind !== 'call' || !isAggregate(node)) return null;
    const call = readCall(node, text);
    calls.set(call.key, call);
    return { kind: 'column', name: call.key, at: node.at, length: node.length };
  });
  if (bare !== null) refuseBare(bare);
  if (calls.size === 0) {
    refuse(root.at, root.length, 'nothing here is taken of the rows; use an aggregate such as mean(x) or count()');
  }
  return { calls: [...calls.values()], outer };
}

/** What is wrong with giving a value of this type to an argument of the call; null when it fits. */
export function argumentFault(call: AggregateCall, index: number, type: ValueType): ExpressionFault | null {
  if (type !== 'text' || call.entry.parameters[index]!.takes !== 'number') return null;
  const { at, length } = call.args[index]!.node;
  return { at, length, message: `${call.name} needs a number, and this is a text`, suggestion: null };
}

function refuseBare(node: Node & { kind: 'column' | 'time' }): never {
  const name = node.kind === 'time' ? 'timeUs' : node.name;
  const advice = node.kind === 'time' ? 'first(timeUs) or last(timeUs)' : `mean(${name}) or last(${name})`;
  refuse(node.at, node.length, `${name} is a value of each row; wrap it in an aggregate such as ${advice}`);
}

/** `min` and `max` of one value are aggregates, of more they are functions of a row. */
function isAggregate(node: Node & { kind: 'call' }): boolean {
  return AGGREGATES.has(node.name) && !(Object.hasOwn(FUNCTIONS, node.name) && node.args.length > 1);
}

function readCall(node: Node & { kind: 'call' }, text: string): AggregateCall {
  const { name } = node;
  const entry = AGGREGATES.get(name)!;
  const { parameters } = entry;
  const least = parameters.filter((parameter) => !parameter.optional).length;
  if (node.args.length < least || node.args.length > parameters.length) {
    const takes = least === parameters.length ? least : `${least} or ${parameters.length}`;
    refuse(
      node.at,
      node.length,
      `${aggregateSignature(name)} takes ${takes} ${takes === 1 ? 'value' : 'values'}, not ${node.args.length}`,
    );
  }
  const args: { key: string; node: Node }[] = [];
  const constants: number[] = [];
  node.args.forEach((arg, i) => {
    if (parameters[i]!.takes === 'constant') constants.push(constantOf(arg, parameters[i]!.name, name));
    else args.push({ key: keyOf(arg), node: arg });
    replaceNodes(arg, (inner) => {
      if (inner.kind !== 'call' || !isAggregate(inner)) return null;
      const said = text.slice(inner.at, inner.at + inner.length);
      return refuse(inner.at, inner.length, `an aggregate cannot stand inside another; ${said} is inside ${name}`);
    });
  });
  return { key: `${name}(${[...args.map((arg) => arg.key), ...constants].join(', ')})`, name, entry, args, constants };
}

/** The value of a constant expression, such as 0.5 or 99 / 100. */
function constantOf(node: Node, parameter: string, name: string): number {
  const { field, evaluate } = isConstant(node) ? compileExpression(node, new Schema([])) : { field: null };
  const batch = { stream: '', schema: new Schema([]), rows: 1, timeUs: new Float64Array(1), columns: [] };
  const value = field?.type === 'f64' ? Number(evaluate!(batch).values[0]) : NaN;
  if (value >= 0 && value <= 1) return value;
  return refuse(
    node.at,
    node.length,
    `${parameter} of ${aggregateSignature(name)} is one number for all rows, from 0 to 1, such as 0.95`,
  );
}

function isConstant(node: Node): boolean {
  let constant = true;
  replaceNodes(node, (inner) => {
    const aggregate = inner.kind === 'call' && isAggregate(inner);
    if (inner.kind === 'column' || inner.kind === 'time' || aggregate) constant = false;
    return aggregate ? inner : null;
  });
  return constant;
}

/** The tree as text, without places: equal for equal expressions. */
function keyOf(node: Node): string {
  return JSON.stringify(node, (key, value) => (key === 'at' || key === 'length' ? undefined : value));
}

/** A copy of the tree with some nodes replaced; what is inside a replaced node is not visited. */
function replaceNodes(node: Node, replace: (node: Node) => Node | null): Node {
  const replaced = replace(node);
  if (replaced !== null) return replaced;
  const inner = (part: Node): Node => replaceNodes(part, replace);
  switch (node.kind) {
    case 'negate':
    case 'not':
    case 'is-null':
      return { ...node, operand: inner(node.operand) };
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return { ...node, left: inner(node.left), right: inner(node.right) } as Node;
    case 'call':
      return { ...node, args: node.args.map(inner) };
    default:
      return node;
  }
}
