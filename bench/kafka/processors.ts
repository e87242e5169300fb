import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaReader } from '../../bus/kafka/kafka-reader.js';
import { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import { TopicAdmin } from '../../kafka/topic-admin.js';
import type { BenchContext, VariantRun } from '../bench-case.js';
import { MEMORY, MIB, pause } from '../cases/run-gateway.js';
import { GatewayProcess } from '../gateway-process.js';
import { Load } from '../load/load.js';
import { countRows, type ExpectedRows, type StoredRows } from '../stored-rows.js';
import { AWAY, uniqueTopic } from './kafka-source.js';

const ENTITIES = 24;
const PARTITIONS = 12;
const ROWS = 100;
const COLUMNS = 6;
const STEP_US = 10_000;
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
const POLL_MS = 50;
/** Of each stream, so that the two sides stay together, */
const FRAMES_PER_SECOND = 100;
/** within so much event time: a frame holds a second of it. */
const WAIT = '60s';
/** After so long without an output it is looked whether all are there, */
const QUIET_MS = 2_000;
/** and after so long nothing more is waited for. */
const STALLED_MS = 30_000;
const NAME = 'joined';
const YAML = `
processors:
  ${NAME}:
    from: car/{car}/imu
    steps: [ { join: { with: "car/{car}/gps", tolerance: 1s, wait: ${WAIT}, prefix: gps_ } } ]
`;

/** A join of two streams an entity by one process and by two, of rows that come from a full spool. */
export async function processorsOverKafka(context: BenchContext, brokers: string[]): Promise<VariantRun[]> {
  const runs: VariantRun[] = [];
  let alone: number | null = null;
  for (const count of [1, 2]) {
    const { rows, seconds, cpuSeconds, peakBytes, outputs } = await measure(context, brokers, count);
    const rate = rows / seconds;
    runs.push({
      name: `kafka, processors in ${count} process${count > 1 ? 'es' : ''}`,
      measures: [
        {
          metric: 'rows joined',
          value: rate,
          unit: 'rows/s',
          ...(alone !== null && { limits: { oneProcess: alone } }),
        },
        { metric: 'rows put out', value: outputs.stored, unit: 'rows', limits: { expected: rows / 2 - ENTITIES } },
        { metric: 'peak RssAnon', value: peakBytes / MIB, unit: 'MiB' },
        { metric: 'CPU', value: cpuSeconds, unit: 's' },
        { metric: 'rows lost', value: outputs.lost, unit: 'rows', limits: { most: 0 } },
        { metric: 'rows duplicated', value: outputs.duplicated, unit: 'rows', limits: { most: 0 } },
      ],
    });
    alone ??= rate;
  }
  return runs;
}

interface Measured {
  /** Of both sides. */
  rows: number;
  seconds: number;
  cpuSeconds: number;
  /** Of the largest process. */
  peakBytes: number;
  outputs: StoredRows;
}

/** From the start of a gateway with a full spool, while the processes wait and share the partitions evenly, to the last output. */
async function measure(context: BenchContext, brokers: string[], count: number): Promise<Measured> {
  const { dir, signal } = context;
  const topic = uniqueTopic();
  const folders = Array.from({ length: count + 1 }, (_, i) => join(dir, `kafka-${i}`));
  const processes: GatewayProcess[] = [];
  const start = async (folder: string, role: string, at: string[]) => {
    const options = { memory: MEMORY, yaml: YAML, bus: busOf(at, topic), args: ['--role', role] };
    const process = await GatewayProcess.start(folder, options);
    processes.push(process);
    return process;
  };
  try {
    const [spool, ...states] = folders;
    const sent = await fill(context, await start(spool!, 'gateway', [AWAY]));
    const rows = sent.reduce((sum, range) => sum + range.rows, 0);
    const joining = await Promise.all(states.map((folder) => start(folder, 'process', brokers)));
    while (!(await shareEvenly(joining))) await pause(POLL_MS / 1000, signal);
    const cpu = () => joining.reduce((sum, { sampler }) => sum + sampler.cpuSeconds(), 0);
    const cpuBefore = cpu();
    const running = [...joining, await start(spool!, 'gateway', brokers)];
    const startMs = performance.now();
    const { outputs, lastMs } = await untilAllOut(brokers, topic, outputsOf(sent), () => {
      signal.throwIfAborted();
      for (const each of running) each.check();
    });
    const cpuSeconds = cpu() - cpuBefore;
    const peakBytes = Math.max(...joining.map(({ sampler }) => sampler.peakAnonymousBytes));
    return { rows, seconds: (lastMs - startMs) / 1000, cpuSeconds, peakBytes, outputs };
  } finally {
    for (const each of processes) await each.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

function busOf(brokers: string[], topic: string): string {
  return `{ kafka: { brokers: [${brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: ${PARTITIONS}, spool: ./spool, state: ./state } }`;
}

/** Ends the gateway when its spool is full of the rows of both sides. */
async function fill({ quick }: BenchContext, gateway: GatewayProcess): Promise<ExpectedRows[]> {
  const streams = Array.from({ length: ENTITIES }, (_, i) => [`car/${i}/imu`, `car/${i}/gps`]).flat();
  const connections = streams.map((stream) => ({ client: stream.replaceAll('/', '-'), stream, firstUs: FIRST_US }));
  const shape = {
    rows: ROWS,
    columns: COLUMNS,
    stepUs: STEP_US,
    frames: quick ? 50 : 600,
    framesPerSecond: FRAMES_PER_SECOND,
  };
  const load = await Load.start({ kind: 'ingest', port: gateway.httpPort, connections, ...shape });
  try {
    load.go();
    return (await load.done).sent;
  } finally {
    await load.kill();
    await gateway.stop();
  }
}

async function shareEvenly(processes: readonly GatewayProcess[]): Promise<boolean> {
  const pages = await Promise.all(processes.map((each) => each.metrics()));
  for (const each of processes) each.check();
  return pages.every((page) => page.get('pitwall_partitions_owned') === PARTITIONS / processes.length);
}

/** Every row of the left side has one of the right side at its own time. The last one still waits for a later one there. */
function outputsOf(sent: readonly ExpectedRows[]): ExpectedRows[] {
  return sent
    .filter(({ stream }) => stream.endsWith('/imu'))
    .map((range) => ({ ...range, stream: `${NAME}/${range.stream.replace(/\/imu$/, '')}`, rows: range.rows - 1 }));
}

/** Looks at where the topic of the outputs ends, and reads it when nothing more comes. */
async function untilAllOut(
  brokers: string[],
  topic: string,
  expected: readonly ExpectedRows[],
  check: () => void,
): Promise<{ outputs: StoredRows; lastMs: number }> {
  const connection = { brokers, tls: null, sasl: null };
  const names = new KafkaTopics(topic);
  const client = { clientId: 'pitwall-bench' };
  const admin = new TopicAdmin(connection, client);
  const reader = new KafkaReader(connection, names, PARTITIONS, client);
  try {
    let messages = 0;
    let lastMs = performance.now();
    let lookMs = lastMs;
    for (;;) {
      check();
      const ends = (await admin.ends([names.of(NAME)])).get(names.of(NAME)) ?? [];
      const now = ends.reduce((sum, end) => sum + end, 0);
      if (now !== messages) lookMs = lastMs = performance.now();
      messages = now;
      if (messages > 0 && performance.now() - lookMs > QUIET_MS) {
        const outputs = await countRows(reader, expected, NAME);
        if (outputs.lost === 0 || performance.now() - lastMs > STALLED_MS) return { outputs, lastMs };
        lookMs = performance.now();
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await admin.close();
    await reader.close();
  }
}
