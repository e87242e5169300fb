import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cached, isCached, pythonWithPip, run, skipIf } from './install.js';

/** librdkafka, which is no client of ours nor of Kafka's own, and an Avro reader. */
const PACKAGES = ['confluent-kafka==2.16.1', 'fastavro==1.13.1'];
const CACHED = `python-kafka-${PACKAGES.map((each) => each.split('==')[1]).join('-')}`;
const SCRIPTS = fileURLToPath(new URL('../../../test/servers/kafka/', import.meta.url));
const AVSC = fileURLToPath(new URL('../../../schemas/telemetry-batch.avsc', import.meta.url));

let packages: Promise<string | Error> | null = null;

/** The folder of the packages, or why they cannot be had. */
function install(): Promise<string | Error> {
  packages ??= cached(CACHED, async (dir) => {
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--target', dir];
    await run(pythonWithPip()!, ['-m', 'pip', 'install', ...options, ...PACKAGES]);
  }).catch((error: Error) => error);
  return packages;
}

/** Options for a test that reads with Python; it downloads the packages the first time. */
export async function needsPythonKafka(): Promise<{ skip: string | false }> {
  const missing = 'no Python reader of Kafka can be had here: install Python 3.9 or newer with pip';
  if (pythonWithPip() === null && !isCached(CACHED)) return skipIf(missing);
  const installed = await install();
  return skipIf(installed instanceof Error ? `${missing} (${installed.message.split('\n')[0]})` : null);
}

export interface PythonMessage {
  partition: number;
  key: string | null;
  headers: Record<string, string>;
  timestampMs: number;
  /** Absent where it has no value. */
  stream?: string;
  schema?: number;
  times?: number[];
  columns?: Record<string, (number | string | boolean | null)[]>;
  types?: Record<string, string>;
}

/** Every message of a topic of the bus, read by Python. */
export function readWithPython(brokers: readonly string[], topic: string, schemas: string): Promise<PythonMessage[]> {
  return linesOf('read_topics.py', [brokers.join(','), topic, schemas, AVSC]);
}

/** The values of a topic, which are texts, read by librdkafka; it holds each batch against its checksum. */
export function valuesWithPython(brokers: readonly string[], topic: string): Promise<string[]> {
  return linesOf('read_values.py', [brokers.join(','), topic]);
}

/** What a script writes, a JSON value a line. */
async function linesOf<T>(script: string, args: readonly string[]): Promise<T[]> {
  const dir = await install();
  if (dir instanceof Error) throw dir;
  const child = spawn(pythonWithPip() ?? 'python3', [SCRIPTS + script, ...args], {
    env: { ...process.env, PYTHONPATH: dir, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${errors}`);
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}
