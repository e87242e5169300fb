import { isTelemetry, TELEMETRY_TOPIC } from '../bus.js';

/** The Kafka topics of a bus: that of what devices send has the configured name, all others `NAME.TOPIC`. */
export class KafkaTopics {
  /** Schemas by fingerprint; compacted. */
  readonly schemas: string;
  /** What processors and branches know, by partition; compacted. */
  readonly changelog: string;

  constructor(readonly base: string) {
    this.schemas = `${base}.schemas`;
    this.changelog = `${base}.changelog`;
  }

  /** The Kafka topic of a topic of the bus. */
  of(topic: string): string {
    if (topic === TELEMETRY_TOPIC) return this.base;
    return isTelemetry(topic) ? topic.slice(TELEMETRY_TOPIC.length + 1) : `${this.base}.${topic}`;
  }
}
