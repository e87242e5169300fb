import { monitorEventLoopDelay } from 'node:perf_hooks';
import { TELEMETRY_TOPIC } from '../bus/bus.js';
import type { LogBus } from '../bus/log/log-bus.js';
import type { ByteBudget } from '../core/byte-budget.js';
import { MetricsPage } from '../core/metrics.js';
import type { IngestEndpoint } from '../gateway/ingest/ingest-endpoint.js';
import type { Intake } from '../gateway/intake.js';
import type { MqttServer } from '../gateway/mqtt/mqtt-server.js';
import type { LaneStatus } from './scheduler.js';

export interface MetricsSources {
  intake: Intake;
  budget: ByteBudget;
  bus: LogBus;
  ingest: IngestEndpoint;
  mqtt: MqttServer;
  lanes: () => LaneStatus[];
}

/** What `/metrics` shows. */
export function gatewayMetrics({ intake, budget, bus, ingest, mqtt, lanes }: MetricsSources): MetricsPage {
  const page = new MetricsPage();
  const loopDelay = monitorEventLoopDelay({ resolution: 5 });
  loopDelay.enable();
  const { counters } = intake;
  page.counter('pitwall_messages_total', 'Messages taken from devices.', () => counters.messages);
  page.counter('pitwall_rows_total', 'Rows accepted.', () => counters.rows);
  page.counter('pitwall_payload_bytes_total', 'Payload bytes taken from devices.', () => counters.bytes);
  page.counter(
    'pitwall_refused_messages_total',
    'Messages in the dead letters as a whole.',
    () => counters.refusedMessages,
  );
  page.counter('pitwall_refused_rows_total', 'Rows in the dead letters.', () => counters.refusedRows);
  page.gauge('pitwall_connections', 'Open connections.', () => [
    { labels: { protocol: 'mqtt' }, value: mqtt.connections },
    { labels: { protocol: 'websocket' }, value: ingest.connectionCount },
  ]);
  page.gauge('pitwall_memory_held_bytes', 'Bytes held between socket and bus.', () => budget.usedBytes);
  page.gauge('pitwall_memory_held_peak_bytes', 'The most held so far.', () => budget.peakBytes);
  page.gauge('pitwall_memory_limit_bytes', 'gateway.memory.', () => budget.limitBytes);
  page.counter('pitwall_commits_total', 'Commits made durable.', () => intake.cutStatistics.cuts);
  page.counter('pitwall_commits_failed_total', 'Commits that failed.', () => intake.cutStatistics.failedCuts);
  page.counter(
    'pitwall_commit_seconds_total',
    'Time spent waiting for commits.',
    () => intake.cutStatistics.totalCommitMs / 1e3,
  );
  page.gauge('pitwall_bus_stored_bytes', 'Bytes of records kept in the ingest log.', () => bus.storedBytes);
  page.gauge('pitwall_bus_full', '1 while the log is full and holds the devices back.', () => (bus.full ? 1 : 0));
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
  page.gauge('pitwall_lane_lag_records', 'Records on the bus that the lane has not made durable yet.', () =>
    lanes().map(({ id, positions, outputLag }) => ({
      labels: { lane: id },
      value: positions.reduce(
        (lag, { topic, partition, offset }) =>
          topic === TELEMETRY_TOPIC ? lag + Math.max(0, bus.end(topic, partition) - offset) : lag,
        outputLag,
      ),
    })),
  );
  page.counter('pitwall_lane_dropped_records_total', 'Records that retention dropped before the lane read them.', () =>
    lanes().map(({ id, dropped }) => ({ labels: { lane: id }, value: dropped })),
  );
  page.gauge('pitwall_lane_late_rows', 'Rows that came too late for a join since the lane was opened.', () =>
    lanes().map(({ id, lateRows }) => ({ labels: { lane: id }, value: lateRows })),
  );
  page.counter(
    'pitwall_live_dropped_total',
    'Live messages that a subscriber did not keep up with.',
    () => mqtt.liveDropped,
  );
  page.counter(
    'pitwall_mqtt_protocol_errors_total',
    'MQTT connections ended for breaking the protocol.',
    () => mqtt.protocolErrors,
  );
  return page;
}
