import type { BusReader } from '../../bus/bus.js';
import { KafkaReader } from '../../bus/kafka/kafka-reader.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { LOG_FACT } from '../log-identity.js';
import { clientOptions, topicsOf } from './kafka-lane.js';
import type { LaneSpec } from './lane.js';

/** What a lane reads of devices, and what positions in it refer to. */
export interface LaneInput {
  bus: BusReader;
  /** Of a log that was deleted and made anew it is another. */
  identity: string;
}

/** `input` is the topic of the bus, of which there are several where Kafka has several. */
export function openInput({ kafka, folders, partitions, id }: LaneSpec, input: string): LaneInput {
  if (kafka) {
    const topics = topicsOf(kafka);
    const reader = new KafkaReader(kafka.connection, topics, partitions, clientOptions(kafka, clientPart(id)));
    return { bus: reader, identity: `kafka:${topics.of(input)}` };
  }
  const log = LogBus.open({ dir: folders.ingest, partitions, readOnly: true });
  return { bus: log, identity: log.fact(...LOG_FACT)?.toString() ?? '' };
}

/** What positions in one topic refer to: of one that was deleted and made anew it is another. */
export async function topicIdentity(bus: BusReader, identity: string, topic: string): Promise<string> {
  return bus.topicId ? `${identity}#${await bus.topicId(topic)}` : identity;
}

/** What to tell the operator of such a one. */
export function madeAnew(topic: string, partition: number): string {
  return `${topic}/${partition} was deleted and made anew: it is read from its start`;
}

/** Client ids show in the brokers' metrics, where blanks and other signs are a nuisance. */
function clientPart(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
}
