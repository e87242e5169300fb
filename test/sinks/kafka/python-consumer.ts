import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, isCached, pythonWithPip, run, skipIf } from '../../servers/install.js';

const PACKAGES = ['confluent-kafka==2.16.1', 'fastavro==1.13.1'];
const CACHED = `python-${PACKAGES.join('-').replaceAll('==', '-')}`;
const SCRIPT = fileURLToPath(new URL('../../../../test/sinks/kafka/consume.py', import.meta.url));

/** Options for a test that reads with another client (librdkafka) and another Avro decoder (fastavro). */
export function needsPython(): { skip: string | false } {
  const there = pythonWithPip() !== null;
  return skipIf(there || isCached(CACHED) ? null : 'a consumer in Python is not here: install Python 3 with pip');
}

export interface PythonRow {
  stream: string;
  /** Microseconds since 1970. */
  time: number;
  [column: string]: unknown;
}

/** The rows of a topic up to the message with this key, as a consumer of committed messages gets them. */
export async function consumeInPython(
  brokers: readonly string[],
  topic: string,
  last: string,
  registry: string | null = null,
): Promise<PythonRow[]> {
  const python = pythonWithPip()!;
  const packages = await cached(CACHED, async (dir) => {
    await run(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', join(dir, 'lib'), ...PACKAGES]);
  });
  const args = [join(packages, 'lib'), brokers.join(','), topic, last, registry ?? ''];
  const lines = (await run(python, [SCRIPT, ...args])).trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as PythonRow);
}
