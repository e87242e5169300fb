import { functionOf } from '../../../processors/functions/function-definition.js';
import type { Functions } from '../../../processors/functions/load-functions.js';
import { type GraphOptions, type InputRecord, PartitionGraph } from '../../../processors/partition-graph.js';
import type { MapStep, ProcessorPlan } from '../../../processors/plan.js';
import { unpack } from '../../../schemas/data-block.js';
import { type Row, rowsOf } from '../telemetry.js';

/** Functions that are there, under the names of modules. */
export function functionsOf(byModule: Record<string, unknown>): Functions {
  const made = new Map(Object.entries(byModule).map(([module, exported]) => [module, functionOf(exported)!]));
  return { of: ({ module }) => made.get(module)! };
}

export function mapStep(module: string): MapStep {
  return { verb: 'map', module, index: null };
}

/** The rows of the data records of a stream with the given ending, by stream, in the order they came. */
export function streamsOf(records: readonly InputRecord[], ending: string): Map<string, Row[]> {
  const streams = new Map<string, Row[]>();
  for (const { stream, packed, schema } of records) {
    if (!packed || !schema || !stream.endsWith(ending)) continue;
    const rows = rowsOf(unpack([packed], stream, schema));
    streams.set(stream, [...(streams.get(stream) ?? []), ...rows]);
  }
  return streams;
}

/** The dead letters of the records, run in groups with a snapshot and, where `restores` says so, a restore after each. */
export function lettersOf(
  plans: readonly ProcessorPlan[],
  records: readonly InputRecord[],
  sizes: readonly number[],
  restores: readonly boolean[],
  options: GraphOptions,
): string[] {
  const store = new Map<string, Uint8Array>();
  const letters: string[] = [];
  let graph = new PartitionGraph(plans, [], options);
  for (let at = 0, turn = 0; at < records.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    graph.run(records.slice(at, at + size));
    at += size;
    for (const { key, lane, step, number, stream, original, reason } of graph.takeFailed()) {
      // Where two records share a time, which of them had the row is not known.
      letters.push(JSON.stringify([key, lane, step, number, stream, original, reason.replace(/, of record \d+$/, '')]));
    }
    for (const [key, value] of graph.snapshot()) {
      if (value === null) store.delete(key);
      else store.set(key, Uint8Array.from(value));
    }
    if (restores[turn % restores.length]) graph = new PartitionGraph(plans, store, options);
  }
  return letters.sort();
}
