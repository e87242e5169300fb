import { PitwallError } from '../../core/errors.js';
import { GrowingTimes } from '../../core/growing-times.js';
import type { Auditor } from '../../sinks/auditor.js';
import type { SinkBatch } from '../../sinks/sink.js';
import { type DueRows, type RemainingRows, type RowState, remainingRows } from './remaining-rows.js';

/** Of times and identities. */
const HELD_BYTES_MAX = 800_000_000;

/** Gathers, by stream, what is due in the store of a branch, by the rules of its auditor; without one, all rows are. */
export class DueLedger {
  private readonly streams = new Map<string, DueRows>();
  private readonly remaining: RemainingRows | null;

  constructor(private readonly rules: Pick<Auditor, 'holds' | 'overwriting'>) {
    this.remaining = rules.overwriting ? remainingRows(rules.overwriting) : null;
  }

  /** In the order of the bus. */
  add(record: SinkBatch, state: RowState): void {
    const { batch, tags } = record;
    const { rules, remaining } = this;
    let due = this.streams.get(batch.stream);
    if (!due) {
      due = { tags, times: new GrowingTimes(), isKnown: true, waiting: 0, unstorable: 0, overwritten: 0 };
      this.streams.set(batch.stream, due);
    }
    const isWaiting = state === 'waiting';
    if (state === 'unknown') due.isKnown = false;
    if (!rules.holds && !remaining) {
      if (isWaiting) due.waiting += batch.rows;
      else due.times.add(batch.timeUs.subarray(0, batch.rows));
      return;
    }
    for (let row = 0; row < batch.rows; row++) {
      if (rules.holds && !rules.holds(record, row)) due.unstorable++;
      else if (remaining) remaining.add(due, record, row, isWaiting);
      else if (isWaiting) due.waiting++;
      else due.times.push(batch.timeUs[row]!);
    }
  }

  /** Throws where it is more than can be compared. */
  mustFit(): void {
    let bytes = this.remaining?.heldBytes ?? 0;
    for (const { times } of this.streams.values()) bytes += 8 * times.rows;
    if (bytes <= HELD_BYTES_MAX) return;
    const what = `there are more rows to compare than ${HELD_BYTES_MAX / 1e6} MB hold; ask for less with --stream or --since`;
    throw new PitwallError('bad-usage', what, { stage: 'command' });
  }

  /** By the names of the streams. Nothing is added any more. */
  settle(): Map<string, DueRows> {
    this.remaining?.settle();
    return new Map([...this.streams].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
