import type { Batch } from '../../columnar/batch.js';
import { Slots } from '../../core/slots.js';
import { type Offsets, threadWatch } from '../thread-watch.js';
import type { Asks, LaneInfo } from '../verbs/lane-state.js';
import type { StepContext } from '../verbs/step-context.js';
import { batchRows } from './batch-rows.js';
import type { CallLimits, PerBatch, PerRow } from './function-definition.js';
import { stepName } from './function-fault.js';
import type { AsyncAt } from './function-types.js';
import { RowCursor } from './row-cursor.js';
import { CellFault } from './stored-cell.js';

/** What came of a call. */
type Answer = { value: unknown } | { error: unknown };

/**
 * Calls functions that wait for something outside, a bounded number at once, and keeps what they gave for the step that
 * takes the batch afterwards, in the order of its rows.
 */
abstract class OutsideCalls implements Asks {
  private readonly answers = new WeakMap<Batch, Answer[]>();
  private readonly slots: Slots;
  private readonly name: string;

  constructor(
    private readonly limits: CallLimits,
    module: string,
    context: StepContext,
  ) {
    this.slots = new Slots(limits.concurrency);
    this.name = stepName(context, module);
  }

  abstract ask(batch: Batch, lane: LaneInfo): Promise<void>;

  /** The answer for a row of a batch, or for a whole batch at 0. Throws what the call threw. */
  answer(batch: Batch, at: number): unknown {
    const answer = this.answers.get(batch)![at]!;
    if ('error' in answer) throw answer.error;
    return answer.value;
  }

  /** `count` calls, each of which gets its number; as many of them are under way as there is room for. */
  protected async callAll(batch: Batch, count: number, call: (at: number, signal: AbortSignal) => unknown) {
    const { records } = threadWatch;
    const answers = new Array<Answer>(count);
    this.answers.set(batch, answers);
    let next = 0;
    const work = async () => {
      while (next < count) {
        const at = next++;
        await this.slots.enter();
        try {
          answers[at] = {
            value: await this.withinTime((signal) => this.watched(batch, at, records, () => call(at, signal))),
          };
        } catch (error) {
          answers[at] = { error };
        } finally {
          this.slots.leave();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(count, this.limits.concurrency) }, work));
  }

  /** Also ends where the function does not listen to the signal. */
  private async withinTime(call: (signal: AbortSignal) => unknown): Promise<unknown> {
    const { timeoutUs } = this.limits;
    const abort = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new CellFault(`the call took longer than ${timeoutUs / 1e6} s (option timeout)`);
        reject(error);
        abort.abort(error);
      }, timeoutUs / 1000);
    });
    try {
      return await Promise.race([call(abort.signal), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Up to where the function waits for the first time; what goes on then may be a call for any row. */
  private watched(batch: Batch, at: number, records: Offsets | null, call: () => unknown): unknown {
    const before = threadWatch.records;
    threadWatch.records = records;
    threadWatch.enterRows(this.name, batch.stream);
    threadWatch.row(batch.timeUs[at]!);
    threadWatch.goesOn();
    try {
      return call();
    } finally {
      threadWatch.leaveRows();
      threadWatch.records = before;
    }
  }
}

/** A call for each row. */
export class RowCalls extends OutsideCalls {
  constructor(
    private readonly of: PerRow,
    limits: CallLimits,
    module: string,
    context: StepContext,
  ) {
    super(limits, module, context);
  }

  async ask(batch: Batch, { key, tags }: LaneInfo): Promise<void> {
    try {
      new RowCursor(batch.schema, this.of.reads);
    } catch {
      // The step will find that the columns are not those that the function reads, and says so.
      return;
    }
    await this.callAll(batch, batch.rows, (row, signal) => {
      // A call may use its row for as long as it runs, longer than it is waited for.
      const cursor = new RowCursor(batch.schema, this.of.reads);
      cursor.start(batch);
      cursor.moveTo(row);
      const at: AsyncAt = { stream: batch.stream, key, tags, signal };
      return this.of.call(cursor.view as never, null as never, at);
    });
  }
}

/** A call for each batch. */
export class BatchCalls extends OutsideCalls {
  constructor(
    private readonly of: PerBatch,
    limits: CallLimits,
    module: string,
    context: StepContext,
  ) {
    super(limits, module, context);
  }

  ask(batch: Batch): Promise<void> {
    return this.callAll(batch, 1, (_, signal) =>
      this.of.call(batchRows(batch) as never, { stream: batch.stream, signal }),
    );
  }
}
