import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LogBus } from '../bus/log/log-bus.js';
import type { MetricsPage } from '../core/metrics.js';
import { type LaneLag, laneLag } from './lane-lag.js';
import type { LaneStatus } from './lane-status.js';

/** What `/metrics` shows of lanes, and of the process itself; `log` is the embedded bus, null where it is Kafka. */
export function laneMetrics(page: MetricsPage, lanes: () => LaneStatus[], log: LogBus | null): void {
  const loopDelay = monitorEventLoopDelay({ resolution: 5 });
  loopDelay.enable();
  page.gauge(
    'pitwall_event_loop_delay_p99_seconds',
    'Event loop delay, 99th percentile since the last reading.',
    () => {
      const seconds = loopDelay.percentile(99) / 1e9;
      loopDelay.reset();
      return seconds;
    },
  );
  page.gauge('pitwall_lane_running', '1 when the lane runs, 0 when it retries or has stopped.', () =>
    lanes().map(({ id, state }) => ({ labels: { lane: id }, value: state === 'running' ? 1 : 0 })),
  );
  page.counter('pitwall_lane_rows_total', 'Rows read by the lane.', () =>
    lanes().map(({ id, rows }) => ({ labels: { lane: id }, value: rows })),
  );
  const lag = (value: (lag: LaneLag) => number) => () =>
    lanes().map((lane) => ({ labels: { lane: lane.id }, value: value(laneLag(lane, log)) }));
  page.gauge(
    'pitwall_lane_lag_records',
    'Records on the bus that the lane has not made durable yet.',
    lag(({ records }) => records),
  );
  page.gauge(
    'pitwall_lane_lag_rows',
    'About how many rows that is, at as many a record as it has read up to now.',
    lag(({ rows }) => rows),
  );
  page.gauge(
    'pitwall_lane_lag_seconds',
    'How long ago the last record that the lane has read was received, while there are more.',
    lag(({ seconds }) => seconds),
  );
  page.gauge(
    'pitwall_lane_stuck',
    '1 while the lane has records to read and has not moved for a minute.',
    lag(({ stuck }) => Number(stuck)),
  );
  page.counter('pitwall_lane_dropped_records_total', 'Records that retention dropped before the lane read them.', () =>
    lanes().map(({ id, dropped }) => ({ labels: { lane: id }, value: dropped })),
  );
  page.gauge('pitwall_lane_late_rows', 'Rows that came too late for a join since the lane was opened.', () =>
    lanes().map(({ id, lateRows }) => ({ labels: { lane: id }, value: lateRows })),
  );
  page.gauge('pitwall_lane_corrected_rows', 'Rows that joins gave again since the lane was opened.', () =>
    lanes().map(({ id, correctedRows }) => ({ labels: { lane: id }, value: correctedRows })),
  );
  page.counter(
    'pitwall_lane_skipped_rows_total',
    'Rows that a step failed for and that were left out (onError: skip).',
    () => lanes().map(({ id, skippedRows }) => ({ labels: { lane: id }, value: skippedRows })),
  );
  page.counter(
    'pitwall_lane_dead_letters_total',
    'Rows that a step failed for and that are in the dead letters (onError: dead-letter).',
    () => lanes().map(({ id, deadLetters }) => ({ labels: { lane: id }, value: deadLetters })),
  );
}
