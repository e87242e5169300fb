import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BusReader, DEAD_LETTERS_TOPIC, TELEMETRY_TOPIC, telemetryIn } from '../bus/bus.js';
import { KafkaReader } from '../bus/kafka/kafka-reader.js';
import { KafkaTopics } from '../bus/kafka/kafka-topics.js';
import { topicsLike } from '../bus/kafka/topic-list.js';
import { LogBus } from '../bus/log/log-bus.js';
import { allPartitions, busFolders } from './build-lanes.js';
import { topicTemplate } from './bus-topics.js';
import type { Config } from './config/config.js';
import { lettersFolder } from './lanes/branch-letters.js';
import { outputFolder } from './lanes/output-folder.js';
import { levelsOf } from './output-levels.js';

/** One partition of a topic, opened for reading beside a running gateway or without one. */
export interface OpenPartition {
  bus: BusReader;
  topic: string;
  partition: number;
  /** What tells its offsets from those of another log with this topic: `processors/` before them; else empty. */
  log: string;
}

/**
 * Opens a topic of what devices sent, or a processor's output, for reading; partitions that do not exist yet are left
 * out. In Kafka mode that is the topic in Kafka, not what waits in the spool.
 */
export async function openTopic(config: Config, topic: string): Promise<OpenPartition[]> {
  const folders = busFolders(config);
  const { kafka } = config.bus;
  const { partitions } = config.bus.log;
  if (kafka) {
    const options = { clientId: 'pitwall-reader' };
    const template = topicTemplate(config, kafka);
    const spread = topic === TELEMETRY_TOPIC && template.tags.length > 0;
    const topics = spread ? (await topicsLike(template, kafka.connection, options)).map(telemetryIn) : [topic];
    const bus = new KafkaReader(kafka.connection, new KafkaTopics(template.base), partitions, options);
    return topics.flatMap((each) =>
      allPartitions(config).map((partition) => ({ bus, topic: each, partition, log: '' })),
    );
  }
  const outputs = (level: number): OpenPartition[] => {
    const log = level === 0 ? 'processors/' : `processors-group-${level}/`;
    return allPartitions(config).flatMap((partition) => {
      const dir = outputFolder(folders, partition, level);
      return isMade(dir) ? [{ bus: LogBus.open({ dir, partitions, readOnly: true }), topic, partition, log }] : [];
    });
  };
  const isOutput = config.processors.some((processor) => processor.plan.name === topic);
  const levels = levelsOf(config);
  if (isOutput) return outputs(levels[topic]!);
  const ingested = openIngest(config, topic);
  if (ingested.length === 0) return [];
  // Rows that a step failed for are kept with the outputs of the processors.
  if (topic !== DEAD_LETTERS_TOPIC) return ingested;
  return [...ingested, ...[...new Set(Object.values(levels))].flatMap(outputs), ...refused(config)];
}

/** A topic of what waits for Kafka on this machine, with what Kafka has and is still kept; empty without a spool. */
export function openSpool(config: Config, topic: string): OpenPartition[] {
  return config.bus.kafka ? openIngest(config, topic) : [];
}

function openIngest(config: Config, topic: string): OpenPartition[] {
  const { ingest } = busFolders(config);
  if (!isMade(ingest)) return [];
  const bus = LogBus.open({ dir: ingest, partitions: config.bus.log.partitions, readOnly: true });
  return allPartitions(config).map((partition) => ({ bus, topic, partition, log: '' }));
}

/** Rows that the stores of branches have refused. */
function refused(config: Config): OpenPartition[] {
  const { branches } = busFolders(config);
  const { partitions } = config.bus.log;
  return config.sinks.flatMap(({ name }) => {
    const dir = lettersFolder(join(branches, name));
    if (!isMade(dir)) return [];
    const bus = LogBus.open({ dir, partitions, readOnly: true });
    return allPartitions(config).map((partition) => {
      return { bus, topic: DEAD_LETTERS_TOPIC, partition, log: `sinks/${name}/` };
    });
  });
}

/** The folder comes before the log in it. */
function isMade(dir: string): boolean {
  return existsSync(join(dir, 'data.mdb'));
}

export async function closeAll(opened: readonly OpenPartition[]): Promise<void> {
  for (const bus of new Set(opened.map((each) => each.bus))) await bus.close();
}

/** Topic of a stream as a user names it: `g_at_position/car/44` is a processor's, all else a device's. */
export function topicOf(config: Config, stream: string): string {
  const first = stream.split('/', 1)[0]!;
  return config.processors.some((processor) => processor.plan.name === first) ? first : TELEMETRY_TOPIC;
}
