/** The tree of an expression. `at` and `length` mark the part of the text a node came from. */
export type Node = (
  | { kind: 'number'; value: number }
  | { kind: 'text'; value: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'null' }
  | { kind: 'column'; name: string }
  | { kind: 'time' }
  | { kind: 'negate'; operand: Node }
  | { kind: 'not'; operand: Node }
  | { kind: 'arithmetic'; op: ArithmeticOp; left: Node; right: Node }
  | { kind: 'compare'; op: CompareOp; left: Node; right: Node }
  | { kind: 'logic'; op: 'and' | 'or'; left: Node; right: Node }
  | { kind: 'is-null'; operand: Node }
  | { kind: 'call'; name: string; args: Node[] }
) & { at: number; length: number };

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^';
export type CompareOp = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** What an expression gives. `null`: nothing but null; `unknown`: it depends on columns that are not known yet. */
export type ValueType = 'number' | 'bool' | 'text' | 'null' | 'unknown';
