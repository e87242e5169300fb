import type { ColumnType, Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import type { Node, ValueType } from './ast.js';
import type { ExpressionFault } from './fault.js';
import { FUNCTIONS, signature } from './functions.js';
import { homeOf } from './step-functions.js';

export type ExpressionCheck = { type: ValueType; faults: ExpressionFault[] };

/**
 * The type of an expression over the columns of a schema, and everything wrong with it. Without a schema columns are of
 * unknown type, which fits everywhere.
 */
export function checkExpression(node: Node, schema: Schema | null): ExpressionCheck {
  const faults: ExpressionFault[] = [];
  const types = inferTypes(node, (name) => (schema === null ? 'unknown' : columnType(schema, name)), faults, schema);
  return { type: types.get(node)!, faults };
}

/** The value type of a column, or null when the schema does not have it. */
export function columnType(schema: Schema, name: string): ValueType | null {
  const index = schema.indexOf(name);
  return index < 0 ? null : valueTypeOf(schema.fields[index]!.type);
}

export function valueTypeOf(type: ColumnType): ValueType {
  return type === 'utf8' ? 'text' : type === 'bool' ? 'bool' : 'number';
}

/** The type of every node. `typeOf` gives null for a column that is not there. */
export function inferTypes(
  root: Node,
  typeOf: (column: string) => ValueType | null,
  faults: ExpressionFault[],
  schema: Schema | null = null,
): Map<Node, ValueType> {
  const types = new Map<Node, ValueType>();

  function fault(node: Node, message: string, suggestion: string | null = null): void {
    faults.push({ at: node.at, length: node.length, message, suggestion });
  }

  function expect(node: Node, wanted: ValueType, where: string): void {
    const type = infer(node);
    if (fits(type, wanted)) return;
    const hint = wanted === 'bool' && type === 'number' ? '; compare it with something, as in x > 0' : '';
    fault(node, `${where} needs ${named(wanted)}, and this is ${named(type)}${hint}`);
  }

  /** The common type of alternatives. */
  function unify(nodes: readonly Node[], where: string): ValueType {
    let common: ValueType = 'null';
    for (const node of nodes) {
      const type = infer(node);
      if (common === 'null' || (common === 'unknown' && type !== 'null')) common = type;
      else if (!fits(type, common)) {
        fault(node, `${where} takes values of one type, and this is ${named(type)} beside ${named(common)}`);
      }
    }
    return common;
  }

  function infer(node: Node): ValueType {
    const known = types.get(node);
    if (known !== undefined) return known;
    const type = inferNew(node);
    types.set(node, type);
    return type;
  }

  function inferNew(node: Node): ValueType {
    switch (node.kind) {
      case 'number':
      case 'time':
        return 'number';
      case 'text':
      case 'bool':
      case 'null':
        return node.kind;
      case 'column': {
        const type = typeOf(node.name);
        if (type !== null) return type;
        const meant = schema ? suggest(node.name, [...schema.fields.map((f) => f.name), 'timeUs']) : null;
        fault(node, `unknown column ${node.name}${meant ? `; did you mean ${meant}?` : ''}`, meant);
        return 'unknown';
      }
      case 'negate':
        expect(node.operand, 'number', 'the sign');
        return 'number';
      case 'not':
        expect(node.operand, 'bool', 'not');
        return 'bool';
      case 'logic':
        expect(node.left, 'bool', node.op);
        expect(node.right, 'bool', node.op);
        return 'bool';
      case 'arithmetic': {
        const texts = infer(node.left) === 'text' || infer(node.right) === 'text';
        if (node.op === '+' && texts) {
          fault(node, '+ adds numbers; texts are put together by concat(a, b)');
          return 'unknown';
        }
        expect(node.left, 'number', node.op);
        expect(node.right, 'number', node.op);
        return 'number';
      }
      case 'is-null':
        infer(node.operand);
        return 'bool';
      case 'compare':
        return inferCompare(node);
      case 'call':
        return inferCall(node);
    }
  }

  function inferCompare(node: Node & { kind: 'compare' }): ValueType {
    const type = unify([node.left, node.right], `the comparison ${node.op}`);
    if (node.left.kind === 'null' || node.right.kind === 'null') {
      fault(node, 'a comparison with null is never true; write is null or is not null');
    } else if (type === 'bool' && node.op !== '=' && node.op !== '!=') {
      fault(node, `${node.op} has no meaning for true and false`);
    }
    return 'bool';
  }

  function inferCall(node: Node & { kind: 'call' }): ValueType {
    const entry = FUNCTIONS[node.name]!;
    const least = entry.args.length;
    if (node.args.length < least || (node.args.length > least && !entry.more)) {
      const given = node.args.length;
      const home = homeOf(node.name);
      const advice = home === null ? '' : `; ${node.name} over many rows belongs in ${home}`;
      fault(
        node,
        `${signature(node.name)} takes ${least}${entry.more ? ' or more' : ''} values, not ${given}${advice}`,
      );
      for (const arg of node.args) infer(arg);
      return entry.result;
    }
    if (node.name === 'coalesce') return unify(node.args, 'coalesce');
    if (node.name === 'if') {
      expect(node.args[0]!, 'bool', 'the condition of if');
      return unify(node.args.slice(1), 'if');
    }
    for (let i = 0; i < node.args.length; i++) expect(node.args[i]!, entry.args[Math.min(i, least - 1)]!, node.name);
    return entry.result;
  }

  infer(root);
  return types;
}

function fits(type: ValueType, wanted: ValueType): boolean {
  return type === wanted || type === 'null' || type === 'unknown' || wanted === 'unknown';
}

function named(type: ValueType): string {
  return { number: 'a number', bool: 'true or false', text: 'a text', null: 'null', unknown: 'of unknown type' }[type];
}
