import { cellAt } from '../../columnar/batch.js';
import { PitwallError } from '../../core/errors.js';
import { GraphChain } from '../../processors/grouping/graph-chain.js';
import type { InputRecord, ProcessorOutput } from '../../processors/partition-graph.js';
import type { ProcessorCase } from './case-file.js';

export type GotCell = number | bigint | boolean | string | null;

/** A row that came out of a processor. */
export interface GotRow {
  stream: string;
  timeUs: number;
  /** All columns of its batch, in their order. */
  cells: Map<string, GotCell>;
  tags: Readonly<Record<string, string>>;
}

export interface CaseRun {
  /** Rows of the processor of the case, in the order they leave when records come one by one. */
  rows: GotRow[];
  /** Columns of all processors that ran. */
  columns: Set<string>;
  warnings: string[];
}

/** How many records are run at once, in turn: all that a run may be cut into gives the same rows. */
const GROUPINGS: readonly (readonly number[])[] = [[1], [2, 3, 1], [Number.POSITIVE_INFINITY]];

/**
 * Runs the records of a case through its processors, one by one and in groups. Throws what a step throws for its rows,
 * and `internal` where the groupings differ, which is a fault in Pitwall and not in the case.
 */
export async function runCase(one: ProcessorCase, records: readonly InputRecord[]): Promise<CaseRun> {
  const { plans, options, processor, name } = one;
  const runs: { outputs: ProcessorOutput[]; warnings: string[] }[] = [];
  for (const sizes of GROUPINGS.slice(0, mayDiffer(one) ? 1 : undefined)) {
    const graph = new GraphChain(plans, 1, options);
    const outputs: ProcessorOutput[] = [];
    for (let at = 0, turn = 0; at < records.length; turn++) {
      const size = sizes[turn % sizes.length]!;
      outputs.push(...(await graph.run(0, records.slice(at, at + size))));
      at += size;
    }
    runs.push({ outputs, warnings: graph.takeWarnings() });
  }
  const [first, ...others] = runs.map(({ outputs }) => lanesOf(outputs));
  if (others.some((lanes) => lanes !== first)) {
    const what = `"${name}": records one by one and in groups give different rows of ${processor}`;
    throw new PitwallError('internal', `${what}; this is a fault in Pitwall itself, please report it with the case`, {
      stage: 'processor',
    });
  }
  const { outputs, warnings } = runs[0]!;
  return {
    rows: outputs.filter((output) => output.processor === processor).flatMap(rowsOf),
    columns: new Set(outputs.flatMap(({ batch }) => batch.schema.fields.map((f) => f.name))),
    warnings,
  };
}

/**
 * How receive time passes behind a group step depends on how many records are sent there at once. What a function per
 * batch gives is its own affair, and a step that cannot work on a batch may leave out all of it.
 */
function mayDiffer({ plans, options: { onError } }: ProcessorCase): boolean {
  return plans.some(({ name, steps }) => {
    return (onError?.[name] ?? 'stop') !== 'stop' || steps.some(({ verb }) => verb === 'group' || verb === 'map');
  });
}

function rowsOf({ batch, stream, tags }: ProcessorOutput): GotRow[] {
  return Array.from({ length: batch.rows }, (_, row) => ({
    stream,
    timeUs: batch.timeUs[row]!,
    cells: new Map(batch.schema.fields.map((f, c) => [f.name, cellAt(batch, c, row)])),
    tags,
  }));
}

/** The rows of each lane in their order, as one text; nulls count as columns that are not there. */
function lanesOf(outputs: readonly ProcessorOutput[]): string {
  const lanes = new Map<string, string[]>();
  for (const output of outputs) {
    const name = `${output.processor} ${output.key} ${output.lane}`;
    const rows = rowsOf(output).map(({ timeUs, cells, tags }) => {
      const there = [...cells].filter(([, cell]) => cell !== null).sort(([a], [b]) => (a < b ? -1 : 1));
      return JSON.stringify([timeUs, there.map(([column, cell]) => [column, String(cell)]), tags]);
    });
    lanes.set(name, [...(lanes.get(name) ?? []), ...rows]);
  }
  return JSON.stringify([...lanes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
