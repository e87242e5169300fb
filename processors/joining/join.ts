import type { Batch, Column } from '../../columnar/batch.js';
import { matchBackward, matchNearest, matchNeighbours } from '../../columnar/kernels/as-of.js';
import { compactDictionary } from '../../columnar/kernels/dictionary.js';
import { interpolate, interpolateNulls } from '../../columnar/kernels/interpolate.js';
import { takeCells, takeRows } from '../../columnar/kernels/take.js';
import { type Field, field, Schema } from '../../columnar/schema.js';
import type { JoinStep } from '../plan.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import type { RightBuffer, RightColumn } from './right-buffer.js';

/** For each left row its right row, or both neighbours; -1 where there is no match. Longer than needed, reused. */
interface Matches {
  before: Int32Array;
  after: Int32Array;
  weight: Float64Array;
}

/**
 * The rows of a join whose time to be released has come, put together with the right rows that are there. When to
 * release is the business of `JoinState`.
 */
export class Join {
  private matches: Matches = newMatches(0);
  private lastLeft: Schema | null = null;
  private lastRight: Schema | null = null;
  private lastSchema: Schema | null = null;
  private readonly schemas = new Map<string, Schema>();

  constructor(
    readonly step: JoinStep,
    readonly context: StepContext,
  ) {}

  /** Whether numbers of the right side are kept as what they stand for. */
  get physical(): boolean {
    return this.step.how === 'linear';
  }

  /**
   * The joined rows of `left`, ascending by time; null when none is left. As long as no right row ever came, the right
   * columns are not known: with keep `left` the rows then pass without them.
   */
  apply(left: Batch, right: RightBuffer): Batch | null {
    const inner = this.step.keep === 'inner';
    if (right.schema === null) return inner ? null : left;
    const matched = this.match(left, right);
    if (inner && matched === 0) return null;
    const some = inner && matched < left.rows;
    const kept = some ? this.compress(left) : left;
    const schema = this.schemaOf(left, right.schema);
    const full = inner || matched === left.rows;
    const columns = right.columns.map((column, c) => this.take(column, right.schema!.fields[c]!, kept.rows, full));
    const { stream, rows, timeUs } = kept;
    return { stream, schema, rows, timeUs, columns: [...kept.columns, ...columns] };
  }

  private match(left: Batch, right: RightBuffer): number {
    const { rows, timeUs } = left;
    const { how, toleranceUs } = this.step;
    if (this.matches.before.length < rows) this.matches = newMatches(rows * 2);
    const { before, after, weight } = this.matches;
    const { head, tail } = right;
    const tolerance = toleranceUs ?? Infinity;
    if (how === 'linear') {
      return matchNeighbours(timeUs, rows, right.timeUs, head, tail, tolerance, before, after, weight);
    }
    const kernel = how === 'nearest' ? matchNearest : matchBackward;
    return kernel(timeUs, rows, right.timeUs, head, tail, tolerance, before);
  }

  /** The left rows that have a match; the matches move up with them. */
  private compress(left: Batch): Batch {
    const { before, after, weight } = this.matches;
    const indices = new Int32Array(left.rows);
    let kept = 0;
    for (let i = 0; i < left.rows; i++) {
      if (before[i]! < 0) continue;
      indices[kept] = i;
      before[kept] = before[i]!;
      after[kept] = after[i]!;
      weight[kept] = weight[i]!;
      kept++;
    }
    return takeRows(left, indices, kept);
  }

  /** `full`: every row has a match. */
  private take(column: RightColumn, f: Field, rows: number, full: boolean): Column {
    const { before, after, weight } = this.matches;
    const blended = this.physical && f.type !== 'bool' && f.type !== 'utf8';
    const nulls =
      full && !column.nullBytes ? null : interpolateNulls(column.nullBytes, before, blended ? after : before, rows);
    if (blended) {
      const values = f.type === 'f32' ? new Float32Array(rows) : new Float64Array(rows);
      interpolate(column.values as Float64Array, before, after, weight, rows, values);
      return { values, nulls, dictionary: null };
    }
    const values = takeCells(f.type, column.values, before, rows);
    if (!column.texts) return { values, nulls, dictionary: null };
    return compactDictionary({ values, nulls, dictionary: column.texts.texts }, rows);
  }

  private schemaOf(left: Batch, right: Schema): Schema {
    if (left.schema === this.lastLeft && right === this.lastRight) return this.lastSchema!;
    const key = `${left.schema.fingerprint} ${right.fingerprint}`;
    let schema = this.schemas.get(key);
    if (!schema) this.schemas.set(key, (schema = this.joinSchemas(left, right)));
    this.lastLeft = left.schema;
    this.lastRight = right;
    this.lastSchema = schema;
    return schema;
  }

  private joinSchemas(left: Batch, right: Schema): Schema {
    const fields = [...left.schema.fields];
    for (const f of right.fields) {
      const name = this.step.prefix + f.name;
      if (left.schema.indexOf(name) >= 0) {
        throw stepFailed(
          this.context,
          `the join would put column ${name} beside one of the same name in the rows of ${left.stream}; give the join a prefix, or drop the column before`,
        );
      }
      fields.push(joinedField(f, name, this.step.how));
    }
    return new Schema(fields);
  }
}

/** The field of a right column after the join: what is interpolated is f64, or f32 where it was. */
export function joinedField(f: Field, name: string, how: JoinStep['how']): Field {
  const kept = how !== 'linear' || f.type === 'bool' || f.type === 'utf8' || f.type === 'f32';
  return kept ? { ...f, name } : field(name, 'f64');
}

function newMatches(rows: number): Matches {
  return { before: new Int32Array(rows), after: new Int32Array(rows), weight: new Float64Array(rows) };
}
