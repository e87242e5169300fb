import type { AuditedStream } from '../../sinks/auditor.js';
import type { Comparison } from './compare-times.js';
import type { DueRows } from './remaining-rows.js';

/** One stream in one branch. Counts are rows; null: the store was not asked. */
export interface Ledger {
  branch: string;
  stream: string;
  /** On the bus for this branch. */
  bus: number;
  /** That it has yet to write. */
  waiting: number;
  /** That are not in the store, and of which nobody on this machine knows whether the branch has passed them. */
  missing: number;
  /** That its store has refused, and which are dead letters now. */
  refused: number;
  /** That its store cannot hold. */
  unstorable: number;
  /** Whose place in the store a later row has taken, as it is meant to. */
  overwritten: number;
  stored: number | null;
  lost: number | null;
  duplicated: number | null;
  /** In the store and not on the bus (any more), within the times of those that are. */
  older: number | null;
}

/** What is due of a stream, and what is found out about it. */
export class Account {
  readonly due: Float64Array;
  readonly stream: AuditedStream;
  readonly ledger: Ledger;
  private readonly isKnown: boolean;

  constructor(branch: string, name: string, { tags, times, isKnown, waiting, unstorable, overwritten }: DueRows) {
    this.isKnown = isKnown;
    this.due = times.sorted();
    this.stream = { name, tags, fromUs: this.due[0] ?? 0, toUs: this.due.at(-1) ?? 0 };
    const bus = times.rows + waiting + unstorable + overwritten;
    const unknown = { stored: null, lost: null, duplicated: null, older: null };
    this.ledger = { branch, stream: name, bus, waiting, missing: 0, refused: 0, unstorable, overwritten, ...unknown };
  }

  /** Takes what the store was found to hold. */
  settle({ lost, ...counts }: Comparison): void {
    Object.assign(this.ledger, counts, this.isKnown ? { lost } : { lost: 0, missing: lost });
  }
}
