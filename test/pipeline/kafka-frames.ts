import type { Scenario } from './kafka-scenario.js';

const T = 1711111111000;

/** Frames that both sinks take, numbered from 1. */
export const frame = (seq: number, more: object = {}) => {
  return { stream: `car/${seq % 7}/engine`, seq, t: T + seq, n: seq, rpm: 5000, ...more };
};
export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** The numbers of the rows that a sink has, ascending. */
export function numbers(flow: Scenario, sink: 'raw' | 'out'): number[] {
  const rows = [...flow.union(sink).values()].flat();
  return rows.map((line) => JSON.parse(line).n as number).sort((a, b) => a - b);
}
