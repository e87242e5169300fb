import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { javaRelease, skipIf } from '../servers/install.js';

/** The jars of the test server, which hold Kafka's own client and its console tools. */
function jars(): string | null {
  const cache = process.env.PITWALL_TEST_CACHE ?? join(homedir(), '.cache', 'pitwall-test-servers');
  const name = existsSync(cache) ? readdirSync(cache).find((each) => /^kafka-[\d.]+$/.test(each)) : undefined;
  return name === undefined ? null : join(cache, name);
}

/** Options for a test that uses Kafka's own client. */
export function needsJavaTools(): { skip: string | false } {
  const there = javaRelease() >= 17 && jars() !== null;
  return skipIf(
    there ? null : "Kafka's Java client is not here: run test/servers/kafka-server.test.ts once with Java 17",
  );
}

/** Runs a tool of `kafka-tools`, feeds it, and gives what it prints. */
export async function javaTool(main: string, args: string[], input = ''): Promise<string> {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const child = spawn('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', quiet, '-cp', join(jars()!, '*'), main, ...args]);
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${main} ended with ${code}: ${Buffer.concat(errors)}`);
  return Buffer.concat(output).toString();
}
