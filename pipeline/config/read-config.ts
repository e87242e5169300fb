import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { StreamPattern } from '../../core/stream-pattern.js';
import { withLateOutputs } from '../../processors/joining/late-output.js';
import { busConfig } from './bus-config.js';
import { checkInfluxdb } from './check-influxdb.js';
import { checkJoinKeys } from './check-join-keys.js';
import { checkKafka } from './check-kafka.js';
import { checkMongodb } from './check-mongodb.js';
import { checkPlansTogether, checkProcessors } from './check-processors.js';
import { checkRules } from './check-rules.js';
import { checkS3 } from './check-s3.js';
import type { FileConfig, ModuleProcessor, ProcessorConfig } from './config.js';
import type { ConfigNode } from './config-node.js';
import { topSpec } from './keys/top-keys.js';
import { formatProblem, type Problem, type Problems } from './problems.js';
import { processorPlan } from './processor-plan.js';
import { documentOf, readDocument, type YamlDocument } from './read-document.js';
import { References } from './references.js';
import { sinkConfig } from './sink-config.js';
import type { Environment } from './variables.js';

export interface Reading {
  /** As it was given; messages name it so. */
  file: string;
  /** What the file holds; empty when it cannot be read. */
  text: string;
  /** Null when any problem is an error. */
  config: FileConfig | null;
  problems: Problem[];
  /** The file's values with their positions, for what shows it as written; null when it is no YAML. */
  root: ConfigNode | null;
}

/**
 * Reads and checks a configuration file, without the modules that it names. Never throws for what the file holds; all its
 * problems are in the result.
 */
export function readConfig(file: string, environment: Environment): Reading {
  return readingOf(readDocument(file, environment, 'name the configuration with -c FILE'));
}

/** The same for bytes that are there already; `file` gives the messages their name and relative paths their start. */
export function readConfigBytes(file: string, bytes: Uint8Array, environment: Environment): Reading {
  return readingOf(documentOf(file, bytes, environment));
}

function readingOf({ file, text, root, problems }: YamlDocument): Reading {
  const config = root && check(root, file, problems);
  return { file, text, config, problems: problems.list(), root };
}

function check(root: ConfigNode, file: string, problems: Problems): FileConfig | null {
  const raw = topSpec.check(root, '', { problems, folder: dirname(resolve(file)) });
  const references = new References(root, problems);
  references.check();
  checkRules(root, problems, dirname(resolve(file)));
  checkKafka(root, references, problems);
  checkInfluxdb(root, problems);
  checkMongodb(root, references, problems);
  checkS3(root, problems);
  checkJoinKeys(root, references, problems);
  checkProcessors(root, references, problems, dirname(resolve(file)));
  if (!raw || problems.hasErrors) return null;
  const inputs = (texts: readonly string[]) => texts.map((text) => references.resolve(text)!);
  const processors = [...(raw.processors ?? [])].map(
    ([name, { from, onError, ...how }]): ProcessorConfig | ModuleProcessor =>
      'steps' in how
        ? { plan: processorPlan(name, from!, how.steps, references), onError }
        : { name, module: how.use, from: from ? inputs(from) : null, onError },
  );
  // What modules build is checked together with the others once they are loaded.
  const written = processors.filter((each): each is ProcessorConfig => 'plan' in each);
  if (written.length === processors.length) {
    checkPlansTogether(
      root,
      withLateOutputs(written).map(({ plan }) => plan),
      problems,
    );
  }
  if (problems.hasErrors) return null;
  const { mqtt, http, memory, limits, undeclared, ack } = raw.gateway;
  return {
    file: resolve(file),
    gateway: {
      mqtt,
      http,
      memoryBytes: memory,
      limits: { connections: limits.connections, payloadBytes: limits.payload },
      undeclared,
      ack,
    },
    streams: [...(raw.streams ?? [])].map(([pattern, stream]) => ({
      pattern: new StreamPattern(pattern),
      rateHz: stream.rate ?? null,
      time: stream.time ? { field: stream.time.field, unit: stream.time.unit ?? null } : null,
      key: stream.key ?? null,
      decoder: stream.decoder ?? null,
      schema: stream.schema ?? null,
    })),
    bus: busConfig(raw.bus),
    processors,
    sinks: [...(raw.sinks ?? [])].map(([name, sink]) => sinkConfig(name, sink, inputs(sink.from))),
    modules: raw.modules ?? [],
    workers: raw.workers ?? Math.max(1, availableParallelism() - 1),
    warnings: problems.list().map((problem) => formatProblem(file, problem)),
  };
}
