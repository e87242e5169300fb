import { isTelemetry } from '../bus.js';
import type { KafkaTopics } from '../kafka/kafka-topics.js';
import type { TopicTemplate } from '../kafka/topic-template.js';
import { SLOW_TICK_US, TICK_US } from '../ticker.js';

/** Devices name streams, and so may name topics: more than that are not made. */
const TOPICS_MAX = 200;
const CACHE_MAX = 50_000;
const NONE: readonly string[] = [];

/** Into which Kafka topic a record of the spool goes. */
export interface TopicRouter {
  /** What devices send goes to several topics. */
  readonly spreads: boolean;
  /** Of a record or message of a topic of the bus. */
  topicOf(topic: string, stream: string): string;
  /**
   * Where it spreads: the topics in which a partition has to get a tick, since a record was received at `receivedUs`
   * that went to `written` (null: to none, being a tick itself).
   */
  ticksDue(partition: number, receivedUs: number, written: string | null): readonly string[];
}

/** Everything that devices send goes to one topic. */
export function oneTopic(topics: KafkaTopics): TopicRouter {
  return { spreads: false, topicOf: (topic) => topics.of(topic), ticksDue: () => NONE };
}

/**
 * What devices send is spread over topics by tags of its streams. Readers see time pass by the records of a partition
 * (see Ticker), and those of other topics are not among them: so each topic gets ticks of its own.
 */
export class TemplateRouter implements TopicRouter {
  readonly spreads = true;
  private readonly streams = new Map<string, string>();
  /** By topic and partition: when the last data and the last record went there, microseconds. */
  private readonly known = new Map<string, { dataUs: number; recordUs: number }[]>();
  /** By partition: when ticks were last looked for. */
  private readonly lookedUs: number[] = [];

  constructor(
    private readonly topics: KafkaTopics,
    private readonly template: TopicTemplate,
    private readonly tags: (stream: string) => Readonly<Record<string, string>>,
    /** Topics that are there. */
    there: Iterable<string>,
    /** How long after data ticks come fast, see Ticker. */
    private readonly briskUs: number,
  ) {
    for (const topic of there) this.known.set(topic, []);
  }

  topicOf(topic: string, stream: string): string {
    return isTelemetry(topic) ? this.ofStream(stream) : this.topics.of(topic);
  }

  ticksDue(partition: number, receivedUs: number, written: string | null): readonly string[] {
    if (written !== null) {
      const at = this.at(written, partition, receivedUs);
      at.dataUs = at.recordUs = receivedUs;
    }
    if (Math.abs(receivedUs - (this.lookedUs[partition] ?? 0)) < TICK_US) return NONE;
    this.lookedUs[partition] = receivedUs;
    const due: string[] = [];
    for (const topic of this.known.keys()) {
      const at = this.at(topic, partition, receivedUs);
      const everyUs = receivedUs - at.dataUs <= this.briskUs ? TICK_US : SLOW_TICK_US;
      // Where the gateway's clock was set back it counts anew from here.
      if (receivedUs >= at.recordUs && receivedUs - at.recordUs < everyUs) continue;
      at.recordUs = receivedUs;
      due.push(topic);
    }
    return due;
  }

  private at(topic: string, partition: number, nowUs: number): { dataUs: number; recordUs: number } {
    const partitions = this.known.get(topic)!;
    return (partitions[partition] ??= { dataUs: nowUs, recordUs: nowUs });
  }

  private ofStream(stream: string): string {
    let topic = this.streams.get(stream);
    if (topic !== undefined) return topic;
    if (this.streams.size >= CACHE_MAX) this.streams.clear();
    topic = this.template.fill(this.tags(stream));
    if (!this.known.has(topic) && this.known.size >= TOPICS_MAX) topic = this.template.fill({});
    this.streams.set(stream, topic);
    if (!this.known.has(topic)) this.known.set(topic, []);
    return topic;
  }
}
