import type { Schema } from '../../columnar/schema.js';
import { checkSteps } from '../check-plan.js';
import { functionOf, type UserFunction } from '../functions/function-definition.js';
import type { At, RowResult } from '../functions/function-types.js';
import type { Input, ProcessorPlan, Step } from '../plan.js';
import type { PlanFault } from '../plan-fault.js';
import { Arguments, type Duration } from './arguments.js';
import type {
  Clash,
  ColumnsOf,
  ColumnTypes,
  Common,
  Learned,
  NameOf,
  Prefixed,
  Selected,
  With,
  Without,
} from './columns.js';
import type { BoolExpression, Expression, ResultOf, ResultsOf } from './expression.js';
import { type FillOptions, fillStep } from './fill-step.js';
import { type IntervalOptions, intervalStep, type JoinOptions, joinStep } from './join-step.js';
import { type LookupOn, type LookupOptions, lookupStep, type TableColumns, type TableRow } from './lookup-step.js';
import type { Mapped, RowOf } from './mapped.js';
import { type ResampleOptions, resampleStep } from './resample-step.js';
import { schemaOfTypes } from './schema-of-types.js';
import { type SortOptions, sortStep } from './sort-step.js';
import { type WindowOptions, windowOptions } from './window-step.js';

/** For the compiler only: the columns of the rows. */
declare const columnsOf: unique symbol;

/** A stream that rows come from, and the columns they have after the steps so far; null when they are not known. */
interface Source {
  readonly input: Input;
  readonly schema: Schema | null;
}

/** What a frame amounts to: a plan as the YAML makes it, and the users' functions that its steps name by index. */
export interface BuiltPlan {
  plan: ProcessorPlan;
  functions: readonly unknown[];
  /** What it was told of the columns of what it reads. */
  given: readonly GivenColumns[];
}

/** The columns that rows of an input are said to have. */
export interface GivenColumns {
  readonly input: Input;
  readonly schema: Schema;
}

/**
 * Rows of one or several streams, and what is to be done to them. Nothing is done here: each verb gives a new frame with
 * one more step, and the gateway runs the plan that comes of it. Wrong arguments throw `bad-configuration` at the call,
 * unknown columns too where the columns of the streams were given.
 *
 * `C` is what the compiler knows of the columns, such as `{ speed: number }`; `any` where they are not known.
 */
export class StreamingDataFrame<C = Learned> {
  declare readonly [columnsOf]: C;

  private constructor(
    private readonly sources: readonly Source[],
    private readonly steps: readonly Step[],
    private readonly functions: readonly unknown[],
    private readonly given: readonly GivenColumns[],
  ) {}

  /** @internal Frames begin with `stream` or `processor`. */
  static from<C>(input: Input, schema: Schema | null): StreamingDataFrame<C> {
    return new StreamingDataFrame<C>([{ input, schema }], [], [], schema ? [{ input, schema }] : []);
  }

  /** Says which columns the rows have, before anything is done to them. */
  withSchema<T extends ColumnTypes>(columns: T): StreamingDataFrame<ColumnsOf<T>> {
    if (!this.isBare()) new Arguments('withSchema').fail('it comes before all other verbs');
    const schema = schemaOfTypes(columns, 'withSchema')!;
    const sources = this.sources.map(({ input }) => ({ input, schema }));
    return new StreamingDataFrame<ColumnsOf<T>>(sources, [], [], sources);
  }

  /** The rows of both, beside one another; each stream keeps its order. Comes before all other verbs of either side. */
  union<D>(other: StreamingDataFrame<D>): StreamingDataFrame<Common<C, D>> {
    const args = new Arguments('union');
    if (!(other instanceof StreamingDataFrame)) args.fail("it takes another frame, such as stream('car/{car}/gps')");
    if (!this.isBare() || !other.isBare()) {
      args.fail('it comes before all other verbs; what one side has had done to it belongs in a processor of its own');
    }
    const given = [...this.given, ...other.given];
    return new StreamingDataFrame<Common<C, D>>([...this.sources, ...other.sources], [], [], given);
  }

  /** Keeps the named columns, in this order. */
  select<const N extends NameOf<C>>(...names: N[]): StreamingDataFrame<Selected<C, N>> {
    return this.with('select', { verb: 'select', keep: new Arguments('select').names(names) });
  }

  /** Leaves the named columns out. */
  drop<const N extends NameOf<C>>(...names: N[]): StreamingDataFrame<Without<C, N>> {
    return this.with('drop', { verb: 'select', drop: new Arguments('drop').names(names) });
  }

  /** Adds a column, or replaces one. */
  withColumn<const N extends string, E extends string | Expression<C>>(
    name: N,
    expression: E,
  ): StreamingDataFrame<With<C, { [K in N]: ResultOf<E, C> }>> {
    const args = new Arguments('withColumn');
    const columns = { [args.text(name, 'the name')]: args.expression(expression, "col('speed').mul(3.6)") };
    return this.with('withColumn', { verb: 'columns', columns });
  }

  /** Adds columns, or replaces them. All expressions see the row as it was before. */
  withColumns<E extends Readonly<Record<string, string | Expression<C>>>>(
    columns: E,
  ): StreamingDataFrame<With<C, ResultsOf<E, C>>> {
    const args = new Arguments('withColumns');
    const texts = args.expressions(columns, "{ kmh: col('speed').mul(3.6) }");
    return this.with('withColumns', { verb: 'columns', columns: texts });
  }

  /** Keeps the rows for which the condition is true; false and null do not pass. */
  filter(condition: string | BoolExpression<C>): StreamingDataFrame<C> {
    const where = new Arguments('filter').expression(condition, "col('speed').gt(5)");
    return this.with('filter', { verb: 'filter', where });
  }

  /** Puts the row of another stream of the same entity beside each row, by event time. */
  joinAsOf<R, const P extends string = '', const T extends string = never>(
    right: StreamingDataFrame<R> & NoClash<C, R, P>,
    options?: JoinOptions<P, T, R>,
  ): StreamingDataFrame<With<C, Prefixed<R, P> & Record<T, number>>> {
    const side = rightSide(right, 'joinAsOf');
    return this.with('joinAsOf', joinStep(side.input, options), side);
  }

  /** Puts every row of another stream of the same entity in a span of time beside each row, one row out for each. */
  joinInterval<R, const P extends string = '', const T extends string = never>(
    right: StreamingDataFrame<R> & NoClash<C, R, P>,
    options: IntervalOptions<P, T>,
  ): StreamingDataFrame<With<C, Prefixed<R, P> & Record<T, number>>> {
    const side = rightSide(right, 'joinInterval');
    return this.with('joinInterval', intervalStep(side.input, options), side);
  }

  /** Puts the columns of a small table beside each row, found by equal keys; the key of the table is left out. */
  lookup<T extends TableRow, const On extends LookupOn<C, T>, const P extends string = ''>(
    table: readonly T[] & NoClash<C, TableColumns<T, On>, P>,
    options: LookupOptions<On, P>,
  ): StreamingDataFrame<With<C, Prefixed<TableColumns<T, On>, P>>> {
    return this.with('lookup', lookupStep(table, options));
  }

  /**
   * Cuts the rows of each stream into windows, of which `aggregate` makes one row each: its time is the window's start, and
   * `windowEndUs` its end.
   */
  window(options: WindowOptions<C>): Windows<C> {
    const step = windowOptions(options);
    return {
      aggregate: (columns) => {
        const args = new Arguments('aggregate');
        return this.with('window', { ...step, aggregate: args.expressions(columns, "{ ax_mean: mean('ax') }") });
      },
    };
  }

  /** Puts aggregates over the last rows on each row: those of `(t - over, t]`, itself included. */
  rolling<A extends Aggregates<C>>(over: Duration, columns: A): StreamingDataFrame<With<C, ResultsOf<A, C>>> {
    const args = new Arguments('rolling');
    const overUs = args.durationUs(over, 'over', 1);
    return this.with('rolling', {
      verb: 'rolling',
      overUs,
      columns: args.expressions(columns, "{ speed_10s: mean('speed') }"),
    });
  }

  /** Brings each stream to a common rate; says in `samples` and `interpolated` how a row came about. */
  resample(options: ResampleOptions<C>): StreamingDataFrame<With<C, { samples: number; interpolated: boolean }>> {
    return this.with('resample', resampleStep(options));
  }

  /** Puts values in the place of nulls. */
  fill(columns: FillOptions<C>): StreamingDataFrame<C> {
    return this.with('fill', fillStep(columns));
  }

  /** Puts rows in time order that came late; `backfill` says which came later still. */
  sort(options: SortOptions): StreamingDataFrame<With<C, { backfill: boolean }>> {
    return this.with('sort', sortStep(options));
  }

  /** Brings the rows of equal values together, from all streams: what follows runs for each. By columns, or by tags. */
  group(...by: string[]): StreamingDataFrame<C> {
    return this.with('group', { verb: 'group', by: new Arguments('group').names(by) });
  }

  /**
   * Gives each row to a function, which says what becomes of it; or to what `rowFunction`, `statefulFunction`,
   * `batchFunction`, `asyncFunction` or `asyncBatchFunction` make. The columns of what they make are not known to the compiler.
   */
  map<R extends RowResult>(of: (row: RowOf<C>, at: At) => R): StreamingDataFrame<Mapped<C, R>>;
  map(of: UserFunction): StreamingDataFrame;
  map(of: unknown): StreamingDataFrame {
    if (functionOf(of) === null) new Arguments('map').fail('takes a function of a row, as in (row) => row.speed > 5');
    // Where the function stands is known to who loads the module: see build-dataframe.ts.
    const step: Step = { verb: 'map', module: '', index: this.functions.length };
    const sources = this.sources.map(({ input }) => ({ input, schema: null }));
    return new StreamingDataFrame(sources, [...this.steps, step], [...this.functions, of], this.given);
  }

  /** The plan of a processor of this name; `map` steps have no module yet, but the index of their function. */
  plan(name: string): BuiltPlan {
    const from = this.sources.map(({ input }) => input);
    const { functions, given } = this;
    return { plan: { name, from, steps: structuredClone([...this.steps]) }, functions, given };
  }

  /** A frame with one more step. `right` is the stream that a join reads. */
  private with<D>(verb: string, step: Step, right: Source | null = null): StreamingDataFrame<D> {
    const sources = this.sources.map(({ input, schema }) => {
      const faults: PlanFault[] = [];
      const one = { name: verb, from: [input], steps: [step] };
      const after = checkSteps(one, (each) => (each === input ? schema : (right?.schema ?? null)), faults);
      const wrong = faults.map(({ path, message }) => `${placeIn(path)}${message}`);
      if (wrong.length > 0) new Arguments(verb).fail(wrong.join('; '));
      return { input, schema: after };
    });
    const given = right?.schema ? [...this.given, { input: right.input, schema: right.schema }] : this.given;
    return new StreamingDataFrame<D>(sources, [...this.steps, step], this.functions, given);
  }

  private isBare(): boolean {
    return this.steps.length === 0;
  }

  /** @internal The stream itself, where a join reads it; null when it is several, or something was done to it. */
  static bareSource(frame: unknown): Source | null {
    const isOne = frame instanceof StreamingDataFrame && frame.isBare() && frame.sources.length === 1;
    return isOne ? frame.sources[0]! : null;
  }
}

/** Named aggregates, built or written, over rows with the columns `C`. */
type Aggregates<C> = Readonly<Record<string, string | Expression<C, 'aggregate'>>>;

/** Rows in windows, on the way to one row each. */
export interface Windows<C> {
  /** One row for each window: the named aggregates of its rows. */
  aggregate<A extends Aggregates<C>>(columns: A): StreamingDataFrame<With<{ windowEndUs: number }, ResultsOf<A, C>>>;
}

/** Refuses the right side of a join where a name of it exists on the left already. */
type NoClash<C, R, P extends string> = [Clash<C, R, P>] extends [never]
  ? unknown
  : { 'both sides have this column; give the join a prefix': Clash<C, R, P> };

function rightSide(frame: unknown, verb: string): Source {
  const source = StreamingDataFrame.bareSource(frame);
  if (source) return source;
  const what = "the other side is a stream or a processor as it is, such as stream('car/{car}/gps')";
  return new Arguments(verb).fail(`${what}; what is to be done to it first belongs in a processor of its own`);
}

/** `steps[0].columns.kmh` as `kmh: `; of a list of names the message says which is meant. */
function placeIn(path: string): string {
  const place = path.replace(/^steps\[0\]\.\w+\.?/, '').replace(/^(drop)?\[\d+\]$/, '');
  return place ? `${place}: ` : '';
}
