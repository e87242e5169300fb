import type { LogBus } from '../bus/log/log-bus.js';
import type { Page } from '../gateway/listeners/http-listener.js';
import { laneLag } from './lane-lag.js';
import type { LaneStatus } from './lane-status.js';

/** What else the health of a process rests on, and why it is not well; null = it is. */
export interface HealthPart {
  name: string;
  fault: string | null;
  /** For whoever reads the page. */
  facts: Record<string, unknown>;
}

/**
 * `/health`: 200 while every lane runs and every part is well, else 503; JSON with what is wrong. `log` is the embedded
 * bus, null where it is Kafka.
 */
export function healthPage(lanes: readonly LaneStatus[], log: LogBus | null, parts: readonly HealthPart[]): Page {
  const lags = lanes.map((lane) => laneLag(lane, log));
  const isWell = ({ state }: LaneStatus, i: number) => state !== 'retrying' && state !== 'stopped' && !lags[i]!.stuck;
  const healthy = lanes.every(isWell) && parts.every((part) => part.fault === null);
  const body = {
    status: healthy ? 'ok' : 'degraded',
    ...Object.fromEntries(parts.map(({ name, fault, facts }) => [name, { ...(fault ? { fault } : {}), ...facts }])),
    lanes: lanes.map(({ id, state, error, progress, rows, outputRows, positions }, i) => {
      const { stuck, ...lag } = lags[i]!;
      const why = stuck ? 'it has records to read and has not moved for a minute' : null;
      return { id, state, error: error ?? why, ...(progress ? { progress } : {}), rows, outputRows, lag, positions };
    }),
  };
  return { status: healthy ? 200 : 503, contentType: 'application/json', body: `${JSON.stringify(body, null, 2)}\n` };
}
