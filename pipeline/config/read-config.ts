import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { StreamPattern } from '../../core/stream-pattern.js';
import { busConfig } from './bus-config.js';
import { checkKafka } from './check-kafka.js';
import { checkProcessors } from './check-processors.js';
import { checkRules } from './check-rules.js';
import type { FileConfig, ModuleProcessor, ProcessorConfig } from './config.js';
import type { ConfigNode } from './config-node.js';
import { topSpec } from './keys/top-keys.js';
import { maskClash } from './masked-braces.js';
import { formatProblem, type Problem, Problems } from './problems.js';
import { processorPlan } from './processor-plan.js';
import { readYaml } from './read-yaml.js';
import { References } from './references.js';
import { sinkConfig } from './sink-config.js';
import type { Environment } from './variables.js';

/** Ten times what a file for a whole grid needs. */
const FILE_BYTES_MAX = 1024 * 1024;

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
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const problems = new Problems(file, '');
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'this is a folder' : `cannot be read (${code})`;
    problems.error(0, `${why}; name the configuration with -c FILE`);
    return { file, text: '', config: null, problems: problems.list(), root: null };
  }
  return readConfigBytes(file, bytes, environment);
}

/** The same for bytes that are there already; `file` gives the messages their name and relative paths their start. */
export function readConfigBytes(file: string, bytes: Uint8Array, environment: Environment): Reading {
  const text = new TextDecoder('utf-8').decode(bytes.subarray(0, FILE_BYTES_MAX + 1));
  const problems = new Problems(file, text);
  const fault = textFault(text, bytes);
  if (fault) {
    problems.error(fault.at, fault.message);
    return { file, text, config: null, problems: problems.list(), root: null };
  }
  const root = readYaml(text, environment, problems);
  const config = root && check(root, file, problems);
  return { file, text, config, problems: problems.list(), root };
}

function textFault(text: string, bytes: Uint8Array): { at: number; message: string } | null {
  if (bytes.length > FILE_BYTES_MAX) return { at: 0, message: `the file is larger than ${FILE_BYTES_MAX} bytes` };
  if (!isUtf8(bytes)) {
    return { at: text.indexOf('\ufffd'), message: 'the file is not UTF-8 text from here on; save it as UTF-8' };
  }
  const control = controlCharacterIn(text);
  if (control >= 0) return { at: control, message: 'a control character stands here; remove it' };
  const clash = maskClash(text);
  if (clash >= 0) return { at: clash, message: 'a character stands here that Unicode keeps out of texts; remove it' };
  if (text.split('\n').every((line) => /^\s*(#.*|---\s*)?$/.test(line))) {
    return { at: 0, message: 'the file is empty; see the bundled pitwall.yaml for what it may hold' };
  }
  return null;
}

/** Where a character stands that is neither text nor white space, or -1. */
function controlCharacterIn(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) || c === 0x7f) return i;
  }
  return -1;
}

function check(root: ConfigNode, file: string, problems: Problems): FileConfig | null {
  const raw = topSpec.check(root, '', { problems, folder: dirname(resolve(file)) });
  const references = new References(root, problems);
  references.check();
  checkRules(root, problems, dirname(resolve(file)));
  checkKafka(root, references, problems);
  checkProcessors(root, references, problems);
  if (!raw || problems.hasErrors) return null;
  const { mqtt, http, memory, limits, undeclared, ack } = raw.gateway;
  const inputs = (texts: readonly string[]) => texts.map((text) => references.resolve(text)!);
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
    })),
    bus: busConfig(raw.bus),
    processors: [...(raw.processors ?? [])].map(
      ([name, { from, onError, ...how }]): ProcessorConfig | ModuleProcessor =>
        'steps' in how
          ? { plan: processorPlan(name, from!, how.steps, references), onError }
          : { name, module: how.use, from: from ? inputs(from) : null, onError },
    ),
    sinks: [...(raw.sinks ?? [])].map(([name, sink]) => sinkConfig(name, sink, inputs(sink.from))),
    workers: raw.workers ?? Math.max(1, availableParallelism() - 1),
    warnings: problems.list().map((problem) => formatProblem(file, problem)),
  };
}
