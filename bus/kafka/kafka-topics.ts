import { TELEMETRY_TOPIC } from '../bus.js';

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
    return topic === TELEMETRY_TOPIC ? this.base : `${this.base}.${topic}`;
  }
}
