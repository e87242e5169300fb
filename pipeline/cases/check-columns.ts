import { suggestion } from '../../core/suggest.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import type { Problems } from '../config/problems.js';
import type { ProcessorCase } from './case-file.js';
import type { CaseRun } from './run-case.js';

/**
 * Reports columns of expected rows that the processor cannot have: no row that came out of it has them, they are no tags,
 * and neither the steps nor the rows of the case name them. A column that is only null does not come out at all, so the
 * steps' own words must do.
 */
export function checkColumns(
  { expect, given, plans, processor }: ProcessorCase,
  run: CaseRun,
  problems: Problems,
): void {
  // Without rows nothing says what columns a step adds of its own accord; that no row came out is said elsewhere.
  if (run.rows.length === 0) return;
  const own = new Set(run.rows.flatMap(({ cells, tags }) => [...cells.keys(), ...Object.keys(tags)]));
  const names = new Set([...own, ...run.columns]);
  const prefixes = new Set(['']);
  namesIn(plans, names, prefixes);
  for (const event of given) {
    for (const { cells } of 'rows' in event ? event.rows.rows : [])
      for (const column of cells.keys()) names.add(column);
  }
  const possible = new Set([...prefixes].flatMap((prefix) => [...names].map((name) => prefix + name)));
  for (const row of expect) {
    for (const [column, { nameOffset }] of row.cells) {
      if (possible.has(column)) continue;
      const near = suggestion(column, [...own], 'its columns') || suggestion(column, [...possible]);
      problems.error(nameOffset, `the rows of ${processor} have no column "${column}"${near}`);
    }
  }
}

/** Every name and text that stands in the steps; `prefix` ones apart. */
function namesIn(plans: readonly ProcessorPlan[], names: Set<string>, prefixes: Set<string>): void {
  const walk = (value: unknown, key: string): void => {
    if (typeof value === 'string') (key === 'prefix' ? prefixes : names).add(value);
    if (typeof value !== 'object' || value === null) return;
    for (const [inside, each] of Object.entries(value)) {
      if (!Array.isArray(value)) names.add(inside);
      walk(each, inside);
    }
  };
  // The words of the plans themselves, such as "verb", are no columns.
  for (const { steps } of plans) {
    for (const step of steps) for (const [key, value] of Object.entries(step)) if (key !== 'verb') walk(value, key);
  }
}
