import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import { cached, hasDocker, hasMaven, isCached, javaRelease, maven, run, serverPort, skipIf } from './install.js';
import { type GuardedListeners, guardedListeners, type KafkaSecurity } from './kafka/kafka-security.js';
import { type ServerCommand, ServerProcess } from './server-process.js';
import { uniqueName } from './unique-name.js';

export { uniqueName };

const VERSION = '4.1.1';
const CACHED = `kafka-${VERSION}`;
const IMAGE = `apache/kafka:${VERSION}`;
const POM = fileURLToPath(new URL('../../../test/servers/kafka/pom.xml', import.meta.url));
/** Where `npm test`, or the user, says that a server for all tests is. */
const SHARED = 'PITWALL_TEST_KAFKA';

export interface KafkaBrokers {
  /** `HOST:PORT` of a listener without login or TLS. */
  readonly brokers: string[];
}

/** Apache Kafka, one node, of this process alone. It ends with the process. */
export interface KafkaServer extends KafkaBrokers {
  /** Holds everything of it: data, log, certificates. */
  readonly dir: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Null unless it was asked for. */
  readonly security: KafkaSecurity | null;
  /** Again, on the same ports and data, after `kill` or `stop`; resolves when it answers. */
  start(): Promise<void>;
  /** The orderly end. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void;
  resume(): void;
}

export interface KafkaOptions {
  /** Beside, or instead of, those a small quick server has. */
  properties?: Record<string, string>;
  /** Adds listeners with login and with TLS, and ACLs. */
  secure?: boolean;
  /** Starts something in front of the broker's port, and gives the port that clients are told instead. */
  through?: (brokerPort: number) => Promise<number>;
}

/** Options for a test that uses `sharedKafka`. */
export function needsSharedKafka(): { skip: string | false } {
  return process.env[SHARED] ? { skip: false } : needsOwnKafka();
}

/** Options for a test that uses `startKafka`. */
export function needsOwnKafka(): { skip: string | false } {
  return skipIf(runtime() === null ? MISSING : null);
}

const MISSING = `Apache Kafka cannot be started here: install Java 17 or newer and Maven, or start Docker (or set ${SHARED}=HOST:PORT for the tests that can share a server)`;

function runtime(): 'native' | 'docker' | null {
  if (javaRelease() >= 17 && (isCached(CACHED) || hasMaven())) return 'native';
  return hasDocker() ? 'docker' : null;
}

let shared: Promise<KafkaBrokers> | null = null;

/** The server of all tests of a run; they keep apart by the names of topics and groups, see `uniqueName`. */
export function sharedKafka(): Promise<KafkaBrokers> {
  const address = process.env[SHARED];
  shared ??= address ? Promise.resolve({ brokers: address.split(',') }) : startKafka();
  return shared;
}

/** Starts the server of a run, and returns the environment that has its tests share it; nothing to do if it has one. */
export async function shareKafka(): Promise<Record<string, string>> {
  return { [SHARED]: (await sharedKafka()).brokers.join(',') };
}

/** Starts a server for tests that stop it, kill it, or need it to be set in some way. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const how = runtime();
  if (how === null) throw new Error(MISSING);
  return start(options, how, how === 'native' ? await nativeJava() : null);
}

async function start(options: KafkaOptions, how: 'native' | 'docker', native: Java | null): Promise<KafkaServer> {
  const port = await serverPort();
  const told = (await options.through?.(port)) ?? port;
  const brokers = [`127.0.0.1:${told}`];
  const server = new ServerProcess(
    'kafka',
    () => java([...SMALL, ...QUIET], [SERVER, file]),
    () => answers(brokers),
  );
  const { dir } = server;
  const file = join(dir, 'server.properties');
  const guarded = options.secure ? await guardedListeners(dir) : null;
  const java = native ?? (await dockerJava(dir, [port, ...Object.values(guarded?.ports ?? {})]));
  const properties = {
    ...(await propertiesOf(dir, port, guarded, how === 'native' ? '127.0.0.1' : '0.0.0.0')),
    ...(told === port ? {} : { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${told}` }),
    ...options.properties,
  };
  writeFileSync(file, lines(properties));

  // One that begins with a dash would be taken for an option.
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const format = java(QUIET, [
    ...['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', file],
    ...(guarded?.formatArgs ?? []),
  ]);
  await run(format.argv[0]!, format.argv.slice(1));
  await server.start();
  return {
    brokers,
    dir,
    properties,
    security: guarded?.security ?? null,
    start: () => server.start(),
    stop: () => server.stop(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
  };
}

const SERVER = 'kafka.Kafka';
const SMALL = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const QUIET = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/** A java command that has Kafka's classes. */
type Java = (options: string[], main: string[]) => ServerCommand;

async function nativeJava(): Promise<Java> {
  const jars = await cached(CACHED, (dir) =>
    maven(dir, ['--file', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${dir}`]),
  );
  const java =
    (classes: (main: string) => string): Java =>
    (options, main) => ({ argv: ['java', ...options, classes(main[0]!), '-cp', join(jars, '*'), ...main] });
  // Loading classes is most of the work of a start: the first server leaves them behind in a form that is quicker.
  const archive = await cached(`${CACHED}-classes-java-${javaRelease()}`, async (dir) => {
    const file = join(dir, ARCHIVE);
    const first = await start(
      {},
      'native',
      java((main) => (main === SERVER ? `-XX:ArchiveClassesAtExit=${file}` : '-Xshare:auto')),
    );
    await first.stop();
  });
  return java(() => `-XX:SharedArchiveFile=${join(archive, ARCHIVE)}`);
}

const ARCHIVE = 'classes.jsa';

/** The same of the official image; the folder of the server has its own name in it too. */
async function dockerJava(dir: string, ports: number[]): Promise<Java> {
  await run('docker', ['pull', '--quiet', IMAGE]);
  return (options, main) => {
    const container = uniqueName('pitwall-test-kafka');
    const argv = [
      ...['docker', 'run', '--rm', '--name', container, '--user', `${process.getuid!()}:${process.getgid!()}`],
      ...['--volume', `${dir}:${dir}`, ...ports.flatMap((port) => ['--publish', `127.0.0.1:${port}:${port}`])],
      ...['--entrypoint', 'java', IMAGE, ...options, '-cp', '/opt/kafka/libs/*', ...main],
    ];
    return { argv, container };
  };
}

function lines(properties: Record<string, string>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function propertiesOf(
  dir: string,
  port: number,
  guarded: GuardedListeners | null,
  bind: string,
): Promise<Record<string, string>> {
  const controller = `127.0.0.1:${await serverPort()}`;
  const open = Object.entries({ PLAINTEXT: port, ...guarded?.ports });
  const protocols = { CONTROLLER: 'PLAINTEXT', PLAINTEXT: 'PLAINTEXT', ...guarded?.protocols };
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: [...open.map(([name, at]) => `${name}://${bind}:${at}`), `CONTROLLER://${controller}`].join(','),
    'advertised.listeners': open.map(([name, at]) => `${name}://127.0.0.1:${at}`).join(','),
    'listener.security.protocol.map': Object.entries(protocols)
      .map((pair) => pair.join(':'))
      .join(','),
    'log.dirs': join(dir, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // After kill -9 the broker may join again only when its last session is over; the default is 9 seconds.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'group.initial.rebalance.delay.ms': '0',
    // Rows of tests are older than what a broker keeps by default, and its first look for such comes 30 seconds after its start.
    'log.retention.ms': '-1',
    'log.cleaner.dedupe.buffer.size': String(8 << 20),
    ...guarded?.properties,
  };
}

/** Whether a broker has joined the cluster, so that it takes requests. */
async function answers(brokers: string[]): Promise<boolean> {
  const kafka = new Kafka({
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 2000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}
