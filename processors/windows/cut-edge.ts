import { type Batch, type CellArray, type Column, isNull } from '../../columnar/batch.js';
import { int64ToFloat64 } from '../../columnar/int64.js';
import type { Field } from '../../columnar/schema.js';
import type { CompiledExpression } from '../expressions/compile.js';
import { SchemaCache } from '../verbs/schema-cache.js';
import type { StepContext } from '../verbs/step-context.js';
import { StepExpression } from '../verbs/step-expression.js';
import type { WindowEdge } from './window-edge.js';

type Key = number | string | boolean | null;

interface Cells {
  field: Omit<Field, 'name'>;
  column: Column;
}

/** The expression of a cut, compiled once a schema for all lanes. */
export class CutExpression {
  private readonly compiled: SchemaCache<CompiledExpression>;

  constructor(text: string, context: StepContext) {
    const expression = new StepExpression(text, 'window.cut', context);
    this.compiled = new SchemaCache((batch) => expression.compile(batch));
  }

  /** Null when all it reads is missing. */
  cells(batch: Batch): Cells | null {
    const expression = this.compiled.get(batch);
    if (expression.field === null) return null;
    const column = expression.evaluate(batch);
    if (!(column.values instanceof BigInt64Array)) return { field: expression.field, column };
    const values = new Float64Array(batch.rows);
    int64ToFloat64(column.values, values, batch.rows);
    return { field: expression.field, column: { ...column, values } };
  }
}

/**
 * A window ends where the value of an expression changes. Null and NaN belong to the window that is open, whatever it is;
 * a value of another kind, a number where a text was, is another value.
 */
export class CutEdge implements WindowEdge {
  /** The value of the open window; null as long as it had none. */
  private key: Key = null;
  private cells: Cells | null = null;

  constructor(private readonly expression: CutExpression) {}

  begin(batch: Batch): void {
    this.cells = this.expression.cells(batch);
  }

  runEnd(from: number, to: number, count: number): number {
    if (count === 0) this.key = null;
    if (this.cells === null) return to;
    const { nulls, values } = this.cells.column;
    let same: CellArray[number] | null = null;
    for (let row = from; row < to; row++) {
      if (values[row] === same || isNull(nulls, row)) continue;
      const value = this.valueAt(row);
      if (value === null) continue;
      if (this.key !== null && value !== this.key) return row;
      this.key = value;
      same = values[row]!;
    }
    return to;
  }

  isFull(): boolean {
    return false;
  }

  save(): Key {
    return this.key;
  }

  restore(saved: unknown): void {
    this.key = saved as Key;
  }

  private valueAt(row: number): Key {
    const { field, column } = this.cells!;
    const raw = column.values[row] as number;
    if (column.dictionary !== null) return column.dictionary[raw]!;
    if (field.type === 'bool') return raw !== 0;
    const value = raw * field.scale + field.offset;
    return Number.isNaN(value) ? null : value;
  }
}
