import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { influxdb1 } from './servers/influxdb1-server.js';
import { influxdb2 } from './servers/influxdb2-server.js';
import { needsSharedKafka, shareKafka } from './servers/kafka-server.js';
import { mongodb } from './servers/mongodb-server.js';
import { s3 } from './servers/s3-server.js';
import { needsSharedSchemaRegistry, shareSchemaRegistry } from './servers/schema-registry.js';

/**
 * Runs the built tests with node's own runner: `npm test [-- FILTER…]` (parts of paths), `npm run test:chaos` for the
 * long runs, which are the files named `*.chaos.js`, and `npm run test:soak` for those that last, `*.soak.js`.
 */
const root = fileURLToPath(new URL('.', import.meta.url));
const kind = ['chaos', 'soak'].find((each) => process.argv.includes(`--${each}`)) ?? 'test';
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
/** A test that hangs fails, rather than the run. */
const TIMEOUT_MS = { test: 300_000, chaos: 900_000, soak: 7_200_000 }[kind]!;
const suffix = `.${kind}.js`;

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? testFiles(join(folder, entry.name))
      : entry.name.endsWith(suffix)
        ? [join(folder, entry.name)]
        : [],
  );
}

const files = testFiles(root)
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();
if (files.length === 0) {
  process.stderr.write(`no test file matches ${filters.join(' ')}\n`);
  process.exit(1);
}

const env = { ...process.env };
const names = (file: string, what: string) => readFileSync(file, 'utf8').includes(what);
const usesKafka = files.some((file) => file.slice(root.length).includes('kafka') || names(file, 'kafka-server'));
const usesRegistry = files.some((file) => names(file, 'sharedSchemaRegistry'));
const shared = await Promise.all([
  usesKafka && needsSharedKafka().skip === false ? shareKafka() : {},
  usesRegistry && needsSharedSchemaRegistry().skip === false ? shareSchemaRegistry() : {},
]);
Object.assign(env, ...shared);

// They start in a second, by themselves; but to have them can take minutes, which would be a test's own.
const quickServers = { s3, mongodb, influxdb1, influxdb2 };
for (const [name, servers] of Object.entries(quickServers)) {
  const wanted = files.some((file) => names(file, `${name}-server.js`));
  if (wanted && (await servers.needsShared()).skip === false) await servers.install();
}

const run = spawn(
  process.execPath,
  [
    ...['--enable-source-maps', '--test', '--test-concurrency=2', `--test-timeout=${TIMEOUT_MS}`],
    // It says at the end what has failed, wherever the output goes.
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${join(root, 'support/file-durations.js')}`, '--test-reporter-destination=stdout'],
    ...files,
  ],
  { stdio: 'inherit', env },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => run.kill(signal));
const [status] = (await once(run, 'exit')) as [number | null];
process.exit(status ?? 1);
