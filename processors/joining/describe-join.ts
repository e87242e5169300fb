import { timeBoundsUs } from '../../schemas/data-block.js';
import { readPacked } from '../../schemas/read-packed.js';
import type { JoinSnapshot } from './join-state.js';

/** What a snapshot of a join holds for one left lane, for people. Times are microseconds since 1970. */
export function describeJoin({ right, lanes }: JoinSnapshot, laneId: string): Record<string, unknown> {
  const lane = lanes.find(({ id }) => id === laneId);
  return {
    waiting: spanOf(lane?.waiting ?? []),
    releasedUs: finite(lane?.releasedUs),
    right: right && {
      ...spanOf([right.rows]),
      latestUs: finite(right.frontierUs),
      columns: right.fields.map(({ name }) => name),
    },
  };
}

/** Rows and the times of the first and the last of packed rows, which ascend; their cells are not read. */
function spanOf(pieces: readonly Uint8Array[]): { rows: number; fromUs: number | null; toUs: number | null } {
  const span = { rows: 0, fromUs: null as number | null, toUs: null as number | null };
  for (const bytes of pieces) {
    const packed = readPacked(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (packed.rows === 0) continue;
    const [firstUs, lastUs] = timeBoundsUs(packed);
    span.rows += packed.rows;
    span.fromUs ??= firstUs;
    span.toUs = lastUs;
  }
  return span;
}

/** JSON knows no infinity, which stands for none yet. */
function finite(timeUs: number | undefined): number | null {
  return timeUs !== undefined && Number.isFinite(timeUs) ? timeUs : null;
}
