import { join } from 'node:path';
import type { StreamPattern } from '../../core/stream-pattern.js';
import type { AuditedStream } from '../../sinks/auditor.js';
import { BranchFiles } from '../branches/branch-files.js';
import { busFolders } from '../build-lanes.js';
import type { Config, SinkConfig } from '../config/config.js';
import { createAuditor } from '../create-auditor.js';
import type { BusPoint } from '../reprocess/bus-point.js';
import { type DueRows, dueRows } from './due-rows.js';
import { compareTimes, GrowingTimes } from './growing-times.js';
import { refusedTimes } from './refused-times.js';

export interface AuditOptions {
  since: BusPoint;
  streams: StreamPattern | null;
  /** Names of sinks; empty: all. */
  branches: readonly string[];
}

/** One stream in one branch. Counts are rows; null: the store cannot be asked. */
export interface Ledger {
  branch: string;
  stream: string;
  /** On the bus for this branch. */
  bus: number;
  /** That it has yet to write. */
  waiting: number;
  /** That its store has refused, and which are dead letters now. */
  refused: number;
  /** That its store cannot hold. */
  unstorable: number;
  stored: number | null;
  lost: number | null;
  duplicated: number | null;
  /** In the store and not on the bus (any more), within the times of those that are. */
  older: number | null;
}

export interface BranchAudit {
  branch: string;
  ledgers: Ledger[];
  faults: string[];
}

/**
 * For each stream and branch: what stands on the bus, from where every row of a device counts as accepted, and what the
 * store answers when it is asked. Rows are compared by their event times, as often as each is there.
 */
export async function* audit(config: Config, { since, streams, branches }: AuditOptions): AsyncIterable<BranchAudit> {
  for (const sink of config.sinks) {
    if (branches.length > 0 && !branches.includes(sink.name)) continue;
    yield await auditBranch(config, sink, since, streams);
  }
}

async function auditBranch(
  config: Config,
  sink: SinkConfig,
  since: BusPoint,
  streams: StreamPattern | null,
): Promise<BranchAudit> {
  const { name: branch } = sink;
  const own = sink.from.flatMap((input) => ('pattern' in input ? [input.pattern] : []));
  const auditor = await createAuditor(sink, [...config.streams.map(({ pattern }) => pattern.text), ...own]);
  try {
    const reached = new BranchFiles(join(busFolders(config).branches, branch)).reach?.positions ?? null;
    const holds = auditor?.holds ? auditor.holds.bind(auditor) : null;
    const due = await dueRows(config, sink, { since, streams, reached, holds });
    const refused = await refusedTimes(config, branch);
    const ledgers: Ledger[] = [];
    for (const [stream, rows] of [...due].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const ledger = begun(branch, stream, rows);
      ledgers.push(ledger);
      if (!auditor) continue;
      const wanted = rows.times.sorted();
      const span = { name: stream, tags: rows.tags, fromUs: wanted[0] ?? 0, toUs: wanted.at(-1) ?? 0 };
      const found = await foundTimes(auditor.times(span), span);
      const { lost, ...compared } = compareTimes(wanted, found);
      // What was refused and is not there is accounted for.
      const letters = compareTimes(refused.get(stream)?.sorted() ?? new Float64Array(0), found);
      ledger.refused = Math.min(lost, letters.lost);
      Object.assign(ledger, { ...compared, lost: lost - ledger.refused });
    }
    return { branch, ledgers, faults: (await auditor?.faults?.()) ?? [] };
  } finally {
    await auditor?.close();
  }
}

function begun(branch: string, stream: string, { times, waiting, unstorable }: DueRows): Ledger {
  const bus = times.rows + waiting + unstorable;
  const unknown = { stored: null, lost: null, duplicated: null, older: null };
  return { branch, stream, bus, waiting, refused: 0, unstorable, ...unknown };
}

async function foundTimes(pieces: AsyncIterable<Float64Array>, { fromUs, toUs }: AuditedStream): Promise<Float64Array> {
  const found = new GrowingTimes();
  for await (const piece of pieces) found.add(piece.filter((timeUs) => timeUs >= fromUs && timeUs <= toUs));
  return found.sorted();
}
