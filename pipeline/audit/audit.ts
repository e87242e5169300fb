import { join } from 'node:path';
import type { StreamPattern } from '../../core/stream-pattern.js';
import { BranchFiles } from '../branches/branch-files.js';
import { busFolders, splitInputs } from '../build-lanes.js';
import type { Config, SinkConfig } from '../config/config.js';
import { createAuditor } from '../create-auditor.js';
import type { BusPoint } from '../reprocess/bus-point.js';
import { Account, type Ledger } from './account.js';
import { askStore } from './ask-store.js';
import { dueRows } from './due-rows.js';
import { refusedTimes } from './refused-times.js';

export interface AuditOptions {
  since: BusPoint;
  streams: StreamPattern | null;
  /** Names of sinks; empty: all. */
  branches: readonly string[];
}

export interface BranchAudit {
  branch: string;
  ledgers: Ledger[];
  /** Why the store cannot be asked; null: it can. */
  unasked: string | null;
  /** What is wrong beside the rows, and why a store that can be asked has not answered. */
  faults: string[];
}

/**
 * For each stream and branch: what stands on the bus, from where every row of a device counts as accepted, and what the
 * store answers when it is asked. Rows are compared by their event times, as often as each is there.
 */
export async function* audit(config: Config, options: AuditOptions): AsyncIterable<BranchAudit> {
  for (const sink of config.sinks) {
    if (options.branches.length > 0 && !options.branches.includes(sink.name)) continue;
    yield await auditBranch(config, sink, options);
  }
}

async function auditBranch(config: Config, sink: SinkConfig, options: AuditOptions): Promise<BranchAudit> {
  const { name: branch } = sink;
  const { since, streams } = options;
  const { patterns } = splitInputs(sink.from);
  const auditor = await createAuditor(sink, [...config.streams.map(({ pattern }) => pattern.text), ...patterns]);
  const isAsked = !('reason' in auditor);
  try {
    const reached = new BranchFiles(join(busFolders(config).branches, branch)).reach;
    const due = await dueRows(config, sink, { since, streams, reached, rules: isAsked ? auditor : {} });
    const asked = [...due].map(([stream, rows]) => new Account(branch, stream, rows));
    const result = { branch, ledgers: asked.map(({ ledger }) => ledger), faults: [] };
    if (!isAsked) return { ...result, unasked: auditor.reason };
    const refused = await refusedTimes(config, branch, auditor.overwriting?.unitUs ?? 1);
    return { ...result, unasked: null, faults: await askStore(auditor, asked, refused, streams === null) };
  } finally {
    if (isAsked) await auditor.close();
  }
}
