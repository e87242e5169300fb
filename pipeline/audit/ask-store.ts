import { PitwallError } from '../../core/errors.js';
import { GrowingTimes } from '../../core/growing-times.js';
import type { AuditedStream, Auditor } from '../../sinks/auditor.js';
import type { Account } from './account.js';
import { compareTimes } from './compare-times.js';

const NO_TIMES = new Float64Array(0);

/** Fills the ledgers in; returns what is wrong beside the rows. */
export async function askStore(
  auditor: Auditor,
  accounts: readonly Account[],
  refused: ReadonlyMap<string, GrowingTimes>,
  isAll: boolean,
): Promise<string[]> {
  const streams = accounts.map(({ stream }) => stream);
  try {
    auditor.begin?.(streams);
    for (const account of accounts) {
      const { stream, due } = account;
      const letters = refused.get(stream.name)?.sorted() ?? NO_TIMES;
      account.settle(compareTimes(due, await foundTimes(auditor, stream), letters));
    }
    return (await auditor.faults?.(isAll ? null : streams)) ?? [];
  } catch (error) {
    // A store that is away is no reason not to ask the others.
    if (error instanceof PitwallError && error.code === 'sink-failed') return [error.message];
    throw error;
  }
}

async function foundTimes(auditor: Auditor, stream: AuditedStream): Promise<Float64Array> {
  const { fromUs, toUs } = stream;
  const found = new GrowingTimes();
  for await (const piece of auditor.times(stream)) found.add(piece.filter((time) => time >= fromUs && time <= toUs));
  return found.sorted();
}
