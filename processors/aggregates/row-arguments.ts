import type { Batch, Column } from '../../columnar/batch.js';
import { int64ToFloat64 } from '../../columnar/int64.js';
import type { Field } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import { valueTypeOf } from '../expressions/check.js';
import { type CompiledExpression, compileExpression } from '../expressions/compile.js';
import { ExpressionError } from '../expressions/fault.js';
import { SchemaCache } from '../verbs/schema-cache.js';
import { argumentFault } from './aggregate-expression.js';
import { kindOfColumn, NONE, TEXT } from './kind.js';
import type { ArgumentSlot, Layout } from './layout.js';
import type { StepPlace } from './step-place.js';

/** The row expressions of a step, evaluated over a batch. Valid until the next batch is evaluated. */
export interface AggregateInputs {
  readonly rows: number;
  readonly timeUs: Float64Array;
  /** What each argument holds; the same array for every batch of a schema. */
  readonly kinds: Uint8Array;
  /** Each argument as numbers, NaN for null; a text counts as 0. At least `rows` long. */
  readonly numbers: readonly Float64Array[];
  /** Each argument as texts; null where it has none. */
  readonly texts: readonly (readonly (string | null)[] | null)[];
  /** The numbers that each state of the layout takes. */
  readonly flatArgs: readonly (readonly Float64Array[])[];
}

interface Compiled {
  kinds: Uint8Array;
  expressions: CompiledExpression[];
}

export class RowArguments {
  private readonly compiled: SchemaCache<Compiled>;
  private readonly scratch: Float64Array[];

  constructor(
    private readonly layout: Layout,
    private readonly place: StepPlace,
  ) {
    this.scratch = layout.args.map(() => new Float64Array(0));
    this.compiled = new SchemaCache((batch) => {
      const expressions = layout.args.map((arg) => this.compile(arg, batch));
      this.checkTypes(expressions, batch);
      return {
        expressions,
        kinds: Uint8Array.from(expressions, ({ field }) => (field ? kindOfColumn(field.type) : NONE)),
      };
    });
  }

  evaluate(batch: Batch): AggregateInputs {
    const { rows, timeUs } = batch;
    const { expressions, kinds } = this.compiled.get(batch);
    const numbers: Float64Array[] = [];
    const texts: (readonly (string | null)[] | null)[] = [];
    for (let a = 0; a < expressions.length; a++) {
      const { field } = expressions[a]!;
      const column = field === null ? null : expressions[a]!.evaluate(batch);
      numbers.push(this.numbersOf(a, field, column, rows));
      texts.push(kinds[a] === TEXT ? textsOf(column!, rows) : null);
    }
    const flatArgs: Float64Array[][] = [];
    for (const { args } of this.layout.states) {
      const taken: Float64Array[] = [];
      for (let a = 0; a < args.length; a++) taken.push(numbers[args[a]!]!);
      flatArgs.push(taken);
    }
    return { rows, timeUs, kinds, numbers, texts, flatArgs };
  }

  private compile(arg: ArgumentSlot, batch: Batch): CompiledExpression {
    let compiled: CompiledExpression;
    try {
      compiled = compileExpression(arg.node, batch.schema);
    } catch (cause) {
      throw this.place.failed(arg.place, cause, batch.stream);
    }
    for (const name of compiled.missing) {
      const meant = suggest(
        name,
        batch.schema.fields.map((f) => f.name),
      );
      this.place.warn(
        arg.place,
        `reads column ${name}, which the rows of ${batch.stream} do not have so far; it counts as null${meant ? `; did you mean ${meant}?` : ''}`,
      );
    }
    return compiled;
  }

  private checkTypes(expressions: readonly CompiledExpression[], batch: Batch): void {
    for (const { call, args, place } of this.layout.calls) {
      args.forEach((arg, i) => {
        const { field } = expressions[arg]!;
        const fault = field && argumentFault(call, i, valueTypeOf(field.type));
        if (fault) throw this.place.failed(place, new ExpressionError(fault), batch.stream);
      });
    }
  }

  private numbersOf(arg: number, field: Omit<Field, 'name'> | null, column: Column | null, rows: number): Float64Array {
    if (field?.type === 'f64' && column!.nulls === null) return column!.values as Float64Array;
    let out = this.scratch[arg]!;
    if (out.length < rows) this.scratch[arg] = out = new Float64Array(Math.max(64, rows * 2));
    if (field === null) return out.fill(NaN, 0, rows);
    if (field.type === 'utf8') out.fill(0, 0, rows);
    else toNumbers(column!.values, field, rows, out);
    const { nulls } = column!;
    if (nulls !== null) {
      for (let i = 0; i < rows; i++) if ((nulls[i >> 3]! & (1 << (i & 7))) !== 0) out[i] = NaN;
    }
    return out;
  }
}

function toNumbers(values: Column['values'], field: Omit<Field, 'name'>, rows: number, out: Float64Array): void {
  if (values instanceof BigInt64Array) int64ToFloat64(values, out, rows);
  else out.set(values.length === rows ? values : values.subarray(0, rows));
  const { scale, offset } = field;
  if (scale === 1 && offset === 0) return;
  for (let i = 0; i < rows; i++) out[i] = out[i]! * scale + offset;
}

function textsOf({ values, nulls, dictionary }: Column, rows: number): (string | null)[] {
  const out: (string | null)[] = [];
  for (let i = 0; i < rows; i++) {
    const missing = nulls !== null && (nulls[i >> 3]! & (1 << (i & 7))) !== 0;
    out.push(missing ? null : dictionary![values[i] as number]!);
  }
  return out;
}
