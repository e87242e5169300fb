import { join } from 'node:path';
import { isTelemetry, TELEMETRY_TOPIC } from '../bus/bus.js';
import { KafkaTopics } from '../bus/kafka/kafka-topics.js';
import type { OnError } from '../processors/failed-rows.js';
import { componentsOf, ofParts } from '../processors/grouping/components.js';
import type { Input } from '../processors/plan.js';
import type { Config } from './config/config.js';
import type { KafkaLane } from './lanes/kafka-lane.js';
import type { BusFolders, LaneSpec } from './lanes/lane.js';
import { levelsOf } from './output-levels.js';

/** Folders of the logs below `bus.log.dir`, and what branches remember beside them, or with the state in Kafka mode. */
export function busFolders(config: Config): BusFolders {
  const { log, kafka } = config.bus;
  return {
    ingest: join(log.dir, 'ingest'),
    processors: join(log.dir, 'processors'),
    branches: join(kafka?.stateDir ?? log.dir, 'branches'),
  };
}

/**
 * The lanes of a configuration on the partitions that this process owns: one a component of processors and partition,
 * and one a branch. `kafka` is null where the bus is the embedded log; `inputs` are the topics of the bus with what devices
 * send, of which Kafka may have several.
 */
export function buildLanes(
  config: Config,
  kafka: KafkaLane | null,
  owned: readonly number[],
  inputs: readonly string[] = [TELEMETRY_TOPIC],
): LaneSpec[] {
  const common = {
    folders: busFolders(config),
    partitions: config.bus.log.partitions,
    kafka,
    declared: config.streams.map((stream) => stream.pattern.text),
  };
  const policies = policiesOf(config);
  const { modules } = config;
  const lanes: LaneSpec[] = [];
  if (owned.length === 0) return lanes;
  for (const component of componentsOf(config.processors.map(({ plan }) => plan))) {
    const { plans, groupTopic, level } = component;
    const onError = ofParts(component, policies);
    for (const input of groupTopic === null ? inputs : [groupTopic]) {
      for (const partition of owned) {
        const of = isTelemetry(input) && input !== TELEMETRY_TOPIC ? ` of ${new KafkaTopics('').of(input)}` : '';
        const id = `processors ${plans.map((plan) => plan.name).join('+')} partition ${partition}${of}`;
        const outputBytesMax = config.bus.log.sizeBytes;
        lanes.push({
          ...common,
          kind: 'processors',
          id,
          input,
          partition,
          level,
          modules,
          plans,
          onError,
          outputBytesMax,
        });
      }
    }
  }
  const levels = levelsOf(config);
  for (const sink of config.sinks) {
    const { patterns, processors } = splitInputs(sink.from);
    const { name } = sink;
    lanes.push({
      ...common,
      kind: 'branch',
      id: `branch ${name}`,
      name,
      sink,
      inputs: [...inputs],
      patterns,
      processors,
      levels: Object.fromEntries(processors.map((processor) => [processor, levels[processor]!])),
      owned: [...owned],
    });
  }
  return lanes;
}

/** By processor, what becomes of rows that a step fails for. */
export function policiesOf({ processors }: Pick<Config, 'processors'>): Record<string, OnError> {
  return Object.fromEntries(processors.map(({ plan, onError }) => [plan.name, onError]));
}

export function allPartitions(config: Config): number[] {
  return Array.from({ length: config.bus.log.partitions }, (_, partition) => partition);
}

/** Patterns of devices' streams, and names of processors. */
export function splitInputs(inputs: readonly Input[]): { patterns: string[]; processors: string[] } {
  const patterns: string[] = [];
  const processors: string[] = [];
  for (const input of inputs) {
    if ('pattern' in input) patterns.push(input.pattern);
    else processors.push(input.processor);
  }
  return { patterns, processors };
}
