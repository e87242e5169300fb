import type { LogBus } from '../bus/log/log-bus.js';
import type { ByteBudget } from '../core/byte-budget.js';
import type { MetricsPage } from '../core/metrics.js';
import type { IngestEndpoint } from '../gateway/ingest/ingest-endpoint.js';
import type { Intake } from '../gateway/intake.js';
import type { MqttServer } from '../gateway/mqtt/mqtt-server.js';

export interface FrontSources {
  intake: Intake;
  budget: ByteBudget;
  /** The log that is written first. */
  bus: LogBus;
  ingest: IngestEndpoint;
  mqtt: MqttServer;
}

/** What `/metrics` shows of the front that devices see. */
export function frontMetrics(page: MetricsPage, { intake, budget, bus, ingest, mqtt }: FrontSources): void {
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
}
