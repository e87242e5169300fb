import type { Batch, Column } from '../../columnar/batch.js';
import { type Field, field, Schema } from '../../columnar/schema.js';
import type { Node } from '../expressions/ast.js';
import { type CompiledExpression, compileExpression } from '../expressions/compile.js';
import { BOOL, NONE, TEXT } from './kind.js';
import { type Layout, type Place, resultKind } from './layout.js';
import { ResultCells } from './result-cells.js';
import type { StepPlace } from './step-place.js';

export interface Results {
  fields: Field[];
  columns: Column[];
}

/** A column of the step: what is computed of the results of its calls. */
export interface OuterExpression {
  readonly place: Place;
  readonly outer: Node;
}

interface Compiled {
  kinds: readonly number[];
  schema: Schema;
  fields: Field[];
  expressions: CompiledExpression[];
}

const NO_TIMES = new Float64Array(0);

/** Turns the results of the calls into the columns of the step; compiled for each set of kinds it meets. */
export class ResultColumns {
  private readonly compiled = new Map<string, Compiled>();
  private last: Compiled | null = null;

  constructor(
    private readonly layout: Layout,
    private readonly columns: readonly OuterExpression[],
    private readonly place: StepPlace,
  ) {}

  /** Room for the results of each call over arguments of these kinds. */
  cells(kinds: ArrayLike<number>, rows: number): ResultCells[] {
    return this.layout.calls.map((call) => new ResultCells(resultKind(call, kinds), rows));
  }

  of(cells: readonly ResultCells[], rows: number): Results {
    const { schema, fields, expressions } = this.compiledFor(cells);
    const results: Column[] = [];
    for (const result of cells) if (result.kind !== NONE) results.push(result.column());
    const batch: Batch = { stream: '', schema, rows, timeUs: NO_TIMES, columns: results };
    const columns: Column[] = [];
    for (const expression of expressions) columns.push(expression.evaluate(batch));
    return { fields, columns };
  }

  /** Kinds seldom change, so the last ones are looked at first. */
  private compiledFor(cells: readonly ResultCells[]): Compiled {
    const { last } = this;
    if (last?.kinds.every((kind, c) => kind === cells[c]!.kind)) return last;
    const kinds = cells.map((result) => result.kind);
    const key = kinds.join();
    let compiled = this.compiled.get(key);
    if (compiled === undefined) this.compiled.set(key, (compiled = this.compile(kinds)));
    return (this.last = compiled);
  }

  private compile(kinds: readonly number[]): Compiled {
    const schema = schemaOfResults(this.layout, kinds);
    const fields: Field[] = [];
    const expressions: CompiledExpression[] = [];
    for (const { place, outer } of this.columns) {
      let expression: CompiledExpression;
      try {
        expression = compileExpression(outer, schema);
      } catch (cause) {
        throw this.place.failed(place, cause);
      }
      if (expression.field === null) continue;
      fields.push(field(place.column, expression.field.type));
      expressions.push(expression);
    }
    return { kinds, schema, fields, expressions };
  }
}

/** The results as columns, under the keys of their calls; those that are not known as yet are missing. */
export function schemaOfResults(layout: Layout, kinds: readonly number[]): Schema {
  return new Schema(
    layout.calls.flatMap(({ call }, c) => {
      const kind = kinds[c]!;
      return kind === NONE ? [] : [field(call.key, kind === TEXT ? 'utf8' : kind === BOOL ? 'bool' : 'f64')];
    }),
  );
}
