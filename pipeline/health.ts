import type { LogBus } from '../bus/log/log-bus.js';
import type { Page } from '../gateway/listeners/http-listener.js';
import type { LaneStatus } from './scheduler.js';

/** `/health`: 200 while every lane runs and the log takes records, else 503; JSON with what is wrong. */
export function healthPage(lanes: readonly LaneStatus[], bus: LogBus): Page {
  const faults = lanes.filter((lane) => lane.state === 'retrying' || lane.state === 'stopped');
  const healthy = faults.length === 0 && !bus.full;
  const body = {
    status: healthy ? 'ok' : 'degraded',
    bus: { full: bus.full, storedBytes: bus.storedBytes },
    lanes: lanes.map(({ id, state, error, rows, outputRows, positions }) => ({
      id,
      state,
      error,
      rows,
      outputRows,
      positions,
    })),
  };
  return { status: healthy ? 200 : 503, contentType: 'application/json', body: `${JSON.stringify(body, null, 2)}\n` };
}
