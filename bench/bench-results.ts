import { MUST_BE_ZERO, type VariantRun } from './bench-case.js';
import type { Machine } from './machine.js';

/** One metric of one case over all runs; `value` is the median. */
export interface CaseResult {
  name: string;
  metric: string;
  value: number;
  unit: string;
  median: number;
  min: number;
  max: number;
  /** The value of each run, in order. */
  runs: number[];
  /** What to hold the median against; itself the median over the runs where it was measured in each. */
  limits: Record<string, number>;
}

/** The file that `--json` writes. */
export interface BenchResults {
  machine: Machine;
  commit: string;
  quick: boolean;
  startedAt: string;
  cases: CaseResult[];
}

/** Many runs of the same variants as one result a metric, in the order of the first run. */
export function aggregate(runs: readonly VariantRun[][]): CaseResult[] {
  const results = new Map<string, CaseResult & { seen: Map<string, number[]> }>();
  for (const { name, measures } of runs.flat()) {
    for (const { metric, value, unit, limits } of measures) {
      const key = `${name}\n${metric}`;
      let result = results.get(key);
      if (!result) {
        result = { name, metric, value: 0, unit, median: 0, min: 0, max: 0, runs: [], limits: {}, seen: new Map() };
        results.set(key, result);
      }
      result.runs.push(value);
      for (const [limit, bound] of Object.entries(limits ?? {})) {
        result.seen.set(limit, [...(result.seen.get(limit) ?? []), bound]);
      }
    }
  }
  return [...results.values()].map(({ seen, ...result }) => {
    const middle = median(result.runs);
    const limits = Object.fromEntries([...seen].map(([limit, bounds]) => [limit, median(bounds)]));
    return {
      ...result,
      value: middle,
      median: middle,
      min: Math.min(...result.runs),
      max: Math.max(...result.runs),
      limits,
    };
  });
}

/** Why the benchmark as a whole has failed: rows lost or there twice, in any run. */
export function faultsOf(cases: readonly CaseResult[]): string[] {
  return cases
    .filter(({ metric, max }) => MUST_BE_ZERO.includes(metric) && max > 0)
    .map(({ name, metric, max }) => `${name}: ${max} ${metric}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
