import type { Batch } from '../../columnar/batch.js';
import { type AggregateExpression, parseAggregates } from './aggregate-expression.js';
import { joinKinds } from './kind.js';
import { Layout, resultKind } from './layout.js';
import { ResultCells } from './result-cells.js';
import { type OuterExpression, ResultColumns, type Results } from './result-columns.js';
import { type RollingAccumulator, RollingRows } from './rolling/rolling-accumulator.js';
import { type AggregateInputs, RowArguments } from './row-arguments.js';
import { type Accumulator, SlotAccumulator } from './slot-accumulator.js';
import { type StepContext, StepPlace } from './step-place.js';

export { checkAggregate } from './check-aggregate.js';
export type { Accumulator, AggregateInputs, Results, RollingAccumulator };

/**
 * The aggregate expressions of a step (`{ n: 'count()', vmax: 'max(speed * 3.6)', span: 'max(a) - min(a)' }`), parsed
 * once, compiled for each schema they meet. Throws the error of the step for what cannot be parsed or does not fit the
 * columns it meets. Numbers are f64; null and NaN cells are left out alike.
 */
export class AggregateSet {
  /**
   * Whether some aggregate depends on the order of time: rows handed to `add` that are older than those already in are
   * then left out of that aggregate. first and last compare times instead and take any order.
   */
  readonly ordered: boolean;
  private readonly layout = new Layout();
  private readonly place: StepPlace;
  private readonly rowArguments: RowArguments;
  private readonly resultColumns: ResultColumns;

  /** `where` is the place of the columns in the step, for messages: `window.aggregate`. */
  constructor(columns: Readonly<Record<string, string>>, where: string, context: StepContext) {
    this.place = new StepPlace(where, context);
    const outers = Object.entries(columns).map(([column, text]): OuterExpression => {
      const place = { column, text };
      let expression: AggregateExpression;
      try {
        expression = parseAggregates(text);
      } catch (cause) {
        throw this.place.failed(place, cause);
      }
      for (const call of expression.calls) this.layout.add(call, place);
      return { place, outer: expression.outer };
    });
    this.ordered = this.layout.calls.some(({ call }) => call.entry.ordered);
    this.rowArguments = new RowArguments(this.layout, this.place);
    this.resultColumns = new ResultColumns(this.layout, outers, this.place);
  }

  /** Evaluates the row expressions for all rows of a batch, once. Valid until the next call. */
  inputs(batch: Batch): AggregateInputs {
    return this.rowArguments.evaluate(batch);
  }

  create(): Accumulator {
    return new SlotAccumulator(this.layout, this.place);
  }

  restore(saved: Uint8Array): Accumulator {
    return new SlotAccumulator(this.layout, this.place, saved);
  }

  /**
   * One row for each accumulator: the columns of the step in their order, without the time. A column that is unknown as
   * yet (all it reads is missing) is left out.
   */
  results(accumulators: readonly Accumulator[]): Results {
    const all = accumulators as readonly SlotAccumulator[];
    const cells = this.layout.calls.map((call) => {
      let kind = 0;
      for (const { kinds } of all) kind = joinKinds(kind, resultKind(call, kinds));
      if (kind < 0) throw this.place.failed(call.place, MIXED);
      return new ResultCells(kind, all.length);
    });
    for (let row = 0; row < all.length; row++) all[row]!.write(cells, row);
    return this.resultColumns.of(cells, all.length);
  }

  /** What a rolling step keeps of one lane, over (t - overUs, t]. */
  rolling(overUs: number): RollingAccumulator {
    return new RollingRows(this.layout, this.resultColumns, this.place, overUs);
  }

  restoreRolling(overUs: number, saved: ReadonlyMap<string, Uint8Array>): RollingAccumulator {
    return new RollingRows(this.layout, this.resultColumns, this.place, overUs, saved);
  }
}

const MIXED = new Error('an aggregate gives texts for some rows and something else for others');
