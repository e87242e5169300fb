import type { Page } from '../gateway/listeners/http-listener.js';
import { isStuck, type LaneStatus } from './scheduler.js';

/** What else the health of a process rests on, and why it is not well; null = it is. */
export interface HealthPart {
  name: string;
  fault: string | null;
  /** For whoever reads the page. */
  facts: Record<string, unknown>;
}

/** `/health`: 200 while every lane runs and every part is well, else 503; JSON with what is wrong. */
export function healthPage(lanes: readonly LaneStatus[], parts: readonly HealthPart[]): Page {
  const isWell = (lane: LaneStatus) => lane.state !== 'retrying' && lane.state !== 'stopped' && !isStuck(lane);
  const healthy = lanes.every(isWell) && parts.every((part) => part.fault === null);
  const body = {
    status: healthy ? 'ok' : 'degraded',
    ...Object.fromEntries(parts.map(({ name, fault, facts }) => [name, { ...(fault ? { fault } : {}), ...facts }])),
    lanes: lanes.map((lane) => {
      const { id, state, error, rows, outputRows, positions } = lane;
      const stuck = isStuck(lane) ? 'it has records to read and has not moved for a minute' : null;
      return { id, state, error: error ?? stuck, rows, outputRows, positions };
    }),
  };
  return { status: healthy ? 200 : 503, contentType: 'application/json', body: `${JSON.stringify(body, null, 2)}\n` };
}
