import { deserialize } from 'node:v8';
import { cellAt } from '../../columnar/batch.js';
import { Schema } from '../../columnar/schema.js';
import type { AggregateSet } from '../aggregates/aggregate-set.js';

/** Windows that are listed; of more only the number is told. */
const LISTED_MAX = 100;

interface OpenWindow {
  startUs?: number;
  endUs?: number;
  values: Uint8Array;
}

/**
 * What the pieces of a lane of windows say, for people: the windows that are open with their values so far, the newest
 * first. Of hopping windows these are the panes that they have in common.
 */
export function describeWindows(saved: ReadonlyMap<string, Uint8Array>, set: AggregateSet): Record<string, unknown> {
  const lane = saved.get('lane');
  const state = lane ? (deserialize(lane) as { latestUs?: number; open?: unknown }) : {};
  const windows = [...saved].flatMap(([piece, value]) => windowOf(piece, value));
  if (state.open) {
    const { startUs, lastUs, values } = state.open as { startUs: number; lastUs: number; values: Uint8Array };
    windows.push({ startUs, endUs: lastUs, values });
  }
  const timeOf = ({ startUs, endUs }: OpenWindow) => startUs ?? endUs ?? 0;
  windows.sort((a, b) => timeOf(b) - timeOf(a));
  const open = windows.slice(0, LISTED_MAX).map(({ values, ...times }) => ({ ...times, ...valuesOf(values, set) }));
  const { latestUs } = state;
  return { ...(Number.isFinite(latestUs) && { latestUs }), windows: windows.length, open };
}

function windowOf(piece: string, value: Uint8Array): OpenWindow[] {
  const [, kind, number] = /^(pane|session|window)-(-?\d+)$/.exec(piece) ?? [];
  if (kind === 'pane') return [{ startUs: Number(number), values: value }];
  if (kind === 'window') return [{ endUs: Number(number), values: value }];
  if (kind !== 'session') return [];
  const { startUs, lastUs, values } = deserialize(value) as { startUs: number; lastUs: number; values: Uint8Array };
  return [{ startUs, endUs: lastUs, values }];
}

function valuesOf(values: Uint8Array, set: AggregateSet): Record<string, unknown> {
  const { fields, columns } = set.results([set.restore(values)]);
  const batch = { stream: '', schema: new Schema(fields), rows: 1, timeUs: new Float64Array(1), columns };
  return Object.fromEntries(
    fields.map(({ name }, c) => {
      const cell = cellAt(batch, c, 0);
      if (typeof cell === 'bigint') return [name, String(cell)];
      return [name, typeof cell === 'number' && !Number.isFinite(cell) ? null : cell];
    }),
  );
}
