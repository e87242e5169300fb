import type { Batch } from '../../columnar/batch.js';
import { Schema } from '../../columnar/schema.js';
import type { JoinStep } from '../plan.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import { EveryMatch } from './every-match.js';
import { channelHow } from './join-options.js';
import { joinedSchema } from './joined-schema.js';
import type { Matcher } from './matcher.js';
import { OneMatch } from './one-match.js';
import { RightBuffer } from './right-buffer.js';

/**
 * The rows of a join that are to leave, put together with the right rows that are there. When to leave is the business
 * of `JoinState`.
 */
export class Join {
  private readonly matcher: Matcher;
  private lastLeft: Schema | null = null;
  private lastRight: Schema | null = null;
  private lastSchema: Schema | null = null;
  private readonly schemas = new Map<string, Schema>();

  constructor(
    readonly step: JoinStep,
    readonly context: StepContext,
  ) {
    this.matcher = step.how === 'interval' ? new EveryMatch(step) : new OneMatch(step);
  }

  newRightBuffer(): RightBuffer {
    const { step } = this;
    return new RightBuffer({
      isPhysical(name) {
        const how = channelHow(step, name);
        return how === 'linear' || how === 'angle';
      },
      isHeld: (name) => step.toleranceUs === null && channelHow(step, name) === 'step',
      marksFresh: step.late === 'correct',
    });
  }

  /**
   * Gives the joined rows of `left`, ascending by time. As long as no right row ever came, the right columns are not known:
   * with keep `left` the rows then pass without them.
   */
  apply(left: Batch, right: RightBuffer, emit: (batch: Batch) => void): void {
    if (right.schema !== null) this.join(left, right, false, emit);
    else if (this.step.keep === 'left') emit(left);
  }

  /** Gives those rows of `left`, which were joined before, that fresh right rows make other than they were. */
  correct(left: Batch, right: RightBuffer, emit: (batch: Batch) => void): void {
    this.join(left, right, true, emit);
  }

  private join(left: Batch, right: RightBuffer, freshOnly: boolean, emit: (batch: Batch) => void): void {
    this.matcher.join(left, right, freshOnly, (kept, columns) => {
      const schema = this.schemaOf(left, right.schema!);
      const { stream, rows, timeUs } = kept;
      emit({ stream, schema, rows, timeUs, columns: [...kept.columns, ...columns] });
    });
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
    for (const name of Object.keys(this.step.channels ?? {})) {
      if (right.indexOf(name) >= 0) continue;
      this.context.warn(`join: channels names column ${name}, which the right rows do not have so far`);
    }
    const joined = joinedSchema(this.step, left.schema, right);
    if (joined instanceof Schema) return joined;
    const instead = joined.clash === this.step.time ? 'time another name' : 'a prefix';
    throw stepFailed(
      this.context,
      `the join would put column ${joined.clash} beside one of the same name in the rows of ${left.stream}; give the join ${instead}, or drop the column before`,
    );
  }
}
