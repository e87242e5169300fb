import { PitwallError } from '../../core/errors.js';
import type { Config } from '../config/config.js';
import type { Problems } from '../config/problems.js';
import type { ProcessorCase } from './case-file.js';
import { caseRecords } from './case-records.js';
import { checkColumns } from './check-columns.js';
import { compareRows } from './compare-rows.js';
import { failureTable } from './failure-table.js';
import { type CaseRun, runCase } from './run-case.js';

export interface CaseResult {
  /** Null: the rows that came out are those expected. */
  failure: { message: string; table: string[] } | null;
  /** What the steps warned of. */
  warnings: readonly string[];
}

/**
 * Runs a case and compares what comes out. Null when the case itself is wrong: what is wrong with it is among the
 * problems of its file. Throws `internal` for a fault in Pitwall.
 */
export async function checkCase(one: ProcessorCase, config: Config, problems: Problems): Promise<CaseResult | null> {
  const records = caseRecords(one, config, problems);
  if (records === null) return null;
  let run: CaseRun;
  try {
    run = await runCase(one, records);
  } catch (error) {
    if (!(error instanceof PitwallError) || error.code === 'internal') throw error;
    return { failure: { message: error.message, table: [] }, warnings: [] };
  }
  checkColumns(one, run, problems);
  if (problems.hasErrors) return null;
  const difference = compareRows(one.expect, run.rows, one);
  if (difference === null) return { failure: null, warnings: run.warnings };
  const table = failureTable(one.expect, run.rows, difference, one);
  return { failure: { message: difference.message, table }, warnings: run.warnings };
}
