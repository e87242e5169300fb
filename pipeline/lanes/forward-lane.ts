import { DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC } from '../../bus/bus.js';
import { SchemaTopic } from '../../bus/kafka/schema-topic.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { Forwarder } from '../../bus/spooled/forwarder.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { clientOptions, prepareTopics, registryPrefix, topicsOf } from './kafka-lane.js';
import { emptyReport, type ForwardLaneSpec, type Lane, type LaneReport } from './lane.js';

/** What the gateway writes, and so what is forwarded. */
export const FORWARDED_TOPICS = [TELEMETRY_TOPIC, DEAD_LETTERS_TOPIC];

/** From the spool to Kafka, a request a step. What Kafka has is not needed here any more. */
export class ForwardLane implements Lane {
  private spool: LogBus | null = null;
  private writer: KafkaWriter | null = null;
  private fetcher: KafkaFetcher | null = null;
  private forwarder: Forwarder | null = null;
  private refused = 0;

  constructor(private readonly spec: ForwardLaneSpec) {}

  async open(): Promise<LaneReport> {
    const { kafka, folders, partitions, resume, lingerMs } = this.spec;
    const options = clientOptions(kafka, 'forwarder');
    const topics = topicsOf(kafka);
    const warnings = await prepareTopics(kafka);
    const registry = await registryPrefix(kafka, [topics.base]);
    const spool = LogBus.open({ dir: folders.ingest, partitions, readOnly: true });
    this.spool = spool;
    const writer = new KafkaWriter(kafka.connection, options);
    this.writer = writer;
    this.fetcher = new KafkaFetcher(kafka.connection, options);
    const schemas = new SchemaTopic(topics.schemas, this.fetcher);
    const parts = { spool, topics, forwarded: FORWARDED_TOPICS, writer, schemas, registry, lingerMs };
    this.forwarder = new Forwarder(parts, resume);
    return { ...emptyReport(), positions: this.forwarder.positions(), more: true, warnings };
  }

  async step(): Promise<LaneReport> {
    return this.send(false);
  }

  async finish(): Promise<LaneReport> {
    let report = await this.send(true);
    while (report.more) report = await this.send(true);
    return report;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.writer?.close(), this.fetcher?.close()]);
    await this.spool?.close();
  }

  private async send(flush: boolean): Promise<LaneReport> {
    const forwarder = this.forwarder!;
    const { records, dueMs } = await forwarder.step(flush);
    const report = { ...emptyReport(), records, positions: forwarder.positions(), wakeMs: dueMs };
    report.outputLag = report.unread = forwarder.pending;
    report.more = dueMs === 0 || (records > 0 && forwarder.more && (flush || forwarder.busy));
    if (!report.more && records > 0) report.wakeMs = 0;
    if (forwarder.refused > this.refused) {
      report.warnings.push(
        `${forwarder.refused - this.refused} records are larger than Kafka takes (max.message.bytes) and were not sent; their dead letters say which`,
      );
      this.refused = forwarder.refused;
    }
    return report;
  }
}
