import { DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC } from '../../bus/bus.js';
import type { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import { SchemaTopic } from '../../bus/kafka/schema-topic.js';
import { TopicTemplate } from '../../bus/kafka/topic-template.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { Forwarder } from '../../bus/spooled/forwarder.js';
import { oneTopic, TemplateRouter, type TopicRouter } from '../../bus/spooled/topic-router.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import {
  clientOptions,
  prepareTopics,
  registryPrefix,
  spreadTopics,
  type TopicSpread,
  topicsOf,
} from './kafka-lane.js';
import { emptyReport, type ForwardLaneSpec, type Lane, type LaneReport } from './lane.js';
import { Tagger } from './tagger.js';

/** What the gateway writes, and so what is forwarded. */
export const FORWARDED_TOPICS = [TELEMETRY_TOPIC, DEAD_LETTERS_TOPIC];

/** From the spool to Kafka, a request a step. What Kafka has is not needed here any more. */
export class ForwardLane implements Lane {
  private spool: LogBus | null = null;
  private writer: KafkaWriter | null = null;
  private fetcher: KafkaFetcher | null = null;
  private forwarder: Forwarder | null = null;
  private refused = 0;
  /** Topics that are there, of those over which what devices send is spread. */
  private readonly there = new Set<string>();
  private readonly notes: string[] = [];

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
    const router = kafka.spread ? await this.spreadRouter(kafka.spread, topics) : oneTopic(topics);
    const prepare = kafka.spread ? (names: readonly string[]) => this.prepare(names) : undefined;
    const parts = { spool, router, prepare, forwarded: FORWARDED_TOPICS, writer, schemas, registry, lingerMs };
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

  private async spreadRouter(spread: TopicSpread, topics: KafkaTopics): Promise<TopicRouter> {
    const { kafka, declared, briskUs } = this.spec;
    for (const topic of await spreadTopics(kafka, spread)) this.there.add(topic);
    // Those that were made when there was no registry.
    await registryPrefix(kafka, [...this.there]);
    const template = new TopicTemplate(spread.template, spread.reserved);
    const tagger = new Tagger(declared, ['#']);
    return new TemplateRouter(topics, template, (stream) => tagger.tags(stream) ?? {}, this.there, briskUs);
  }

  /** Makes topics that a stream names for the first time. */
  private async prepare(topics: readonly string[]): Promise<void> {
    const { kafka } = this.spec;
    const { template, reserved, spec } = kafka.spread!;
    const spread = new TopicTemplate(template, reserved);
    const missing = topics.filter((topic) => spread.isOwn(topic) && !this.there.has(topic));
    if (missing.length === 0) return;
    const specs = missing.map((topic) => ({ ...spec, topic }));
    this.notes.push(...(await prepareTopics({ ...kafka, topics: specs })));
    await registryPrefix(kafka, missing);
    for (const topic of missing) this.there.add(topic);
  }

  private async send(flush: boolean): Promise<LaneReport> {
    const forwarder = this.forwarder!;
    const { records, dueMs } = await forwarder.step(flush);
    const report = { ...emptyReport(), records, positions: forwarder.positions(), wakeMs: dueMs };
    report.outputLag = report.unread = forwarder.pending;
    report.more = dueMs === 0 || (records > 0 && forwarder.more && (flush || forwarder.busy));
    if (!report.more && records > 0) report.wakeMs = 0;
    report.warnings = this.notes.splice(0);
    if (forwarder.refused > this.refused) {
      report.warnings.push(
        `${forwarder.refused - this.refused} records are larger than Kafka takes (max.message.bytes) and were not sent; their dead letters say which`,
      );
      this.refused = forwarder.refused;
    }
    return report;
  }
}
