import type { BusReader } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { LOG_FACT } from '../log-identity.js';
import type { KafkaLane } from './kafka-lane.js';
import type { LaneSpec } from './lane.js';

/** What a lane reads of devices, and what positions in it refer to. */
export interface LaneInput {
  bus: BusReader;
  /** Of a log that was deleted and made anew it is another. */
  identity: string;
}

/** `input` is the topic of the bus, of which there are several where Kafka has several. */
export async function openInput({ kafka, folders, partitions, id }: LaneSpec, input: string): Promise<LaneInput> {
  if (kafka) return openKafka(kafka, partitions, id, input);
  const log = LogBus.open({ dir: folders.ingest, partitions, readOnly: true });
  return { bus: log, identity: log.fact(...LOG_FACT)?.toString() ?? '' };
}

async function openKafka(kafka: KafkaLane, partitions: number, id: string, input: string): Promise<LaneInput> {
  const { KafkaReader } = await import('../../bus/kafka/kafka-reader.js');
  const { clientOptions, topicsOf } = await import('./kafka-lane.js');
  const topics = topicsOf(kafka);
  const reader = new KafkaReader(kafka.connection, topics, partitions, clientOptions(kafka, clientPart(id)));
  return { bus: reader, identity: `kafka:${topics.of(input)}` };
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
