import { join } from 'node:path';
import type { Input } from '../processors/plan.js';
import { connectedComponents } from '../processors/topology.js';
import type { Config } from './config/config.js';
import type { BusFolders, LaneSpec } from './lanes/lane.js';

/** Folders of the logs below `bus.log.dir`. */
export function busFolders(config: Config): BusFolders {
  return { ingest: join(config.bus.log.dir, 'ingest'), processors: join(config.bus.log.dir, 'processors') };
}

/** All lanes of a configuration: one a component of processors and partition, and one a branch. */
export function buildLanes(config: Config): LaneSpec[] {
  const common = {
    folders: busFolders(config),
    partitions: config.bus.log.partitions,
    declared: config.streams.map((stream) => stream.pattern.text),
  };
  const lanes: LaneSpec[] = [];
  for (const plans of connectedComponents(config.processors.map((processor) => processor.plan))) {
    for (let partition = 0; partition < common.partitions; partition++) {
      const id = `processors ${plans.map((plan) => plan.name).join('+')} partition ${partition}`;
      lanes.push({ ...common, kind: 'processors', id, partition, plans, outputBytesMax: config.bus.log.sizeBytes });
    }
  }
  for (const sink of config.sinks) {
    const { patterns, processors } = split(sink.from);
    lanes.push({ ...common, kind: 'branch', id: `branch ${sink.name}`, name: sink.name, sink, patterns, processors });
  }
  return lanes;
}

function split(inputs: readonly Input[]): { patterns: string[]; processors: string[] } {
  const patterns: string[] = [];
  const processors: string[] = [];
  for (const input of inputs) {
    if ('pattern' in input) patterns.push(input.pattern);
    else processors.push(input.processor);
  }
  return { patterns, processors };
}
