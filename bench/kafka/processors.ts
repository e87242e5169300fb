import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaReader } from '../../bus/kafka/kafka-reader.js';
import { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import type { BenchContext, VariantRun } from '../bench-case.js';
import { MEMORY, MIB, pause } from '../cases/run-gateway.js';
import { GatewayProcess } from '../gateway-process.js';
import { Load } from '../load/load.js';
import { eachBatch } from '../stored-rows.js';
import { uniqueTopic } from './kafka-source.js';

const ENTITIES = 24;
const PARTITIONS = 12;
const ROWS = 100;
const COLUMNS = 6;
const STEP_US = 10_000;
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
const POLL_MS = 50;

/** A join of two streams an entity, by one process and by two, of what is in Kafka already. */
export async function processorsOverKafka(context: BenchContext, brokers: string[]): Promise<VariantRun[]> {
  const topic = uniqueTopic();
  const rows = await fill(context, brokers, topic);
  const runs: VariantRun[] = [];
  let alone: { rate: number; outputs: number } | null = null;
  for (const processes of [1, 2]) {
    const { rate, outputs, cpuSeconds, peakBytes } = await measure(context, brokers, topic, processes, rows);
    const lost = alone ? Math.max(0, alone.outputs - outputs) : 0;
    const surplus = alone ? Math.max(0, outputs - alone.outputs) : 0;
    runs.push({
      name: `kafka, processors in ${processes} process${processes > 1 ? 'es' : ''}`,
      measures: [
        { metric: 'rows read', value: rate, unit: 'rows/s', ...(alone && { limits: { oneProcess: alone.rate } }) },
        { metric: 'rows put out', value: outputs, unit: 'rows' },
        { metric: 'peak RssAnon', value: peakBytes / MIB, unit: 'MiB' },
        { metric: 'CPU', value: cpuSeconds, unit: 's' },
        { metric: 'rows lost', value: lost, unit: 'rows', limits: { most: 0 } },
        { metric: 'rows duplicated', value: surplus, unit: 'rows', limits: { most: 0 } },
      ],
    });
    alone ??= { rate, outputs };
  }
  return runs;
}

function busOf(brokers: string[], topic: string, more: string): string {
  return `{ kafka: { brokers: [${brokers.join(', ')}], topic: ${topic}, partitions: ${PARTITIONS}, spool: ./spool, state: ./state${more} } }`;
}

/** Returns how many rows are in the topic. */
async function fill({ dir, quick, signal }: BenchContext, brokers: string[], topic: string): Promise<number> {
  const folder = join(dir, 'gateway');
  const args = ['--role', 'gateway'];
  const gateway = await GatewayProcess.start(folder, { memory: MEMORY, bus: busOf(brokers, topic, ''), args });
  try {
    const connections = Array.from({ length: ENTITIES }, (_, i) =>
      ['imu', 'gps'].map((sensor) => ({
        client: `bench-${i}-${sensor}`,
        stream: `car/${i}/${sensor}`,
        firstUs: FIRST_US,
      })),
    ).flat();
    const frames = quick ? 20 : 600;
    const shape = { rows: ROWS, columns: COLUMNS, stepUs: STEP_US, frames, framesPerSecond: null };
    const load = await Load.start({ kind: 'ingest', port: gateway.httpPort, connections, ...shape });
    try {
      load.go();
      const { sent } = await load.done;
      while ((await gateway.metrics()).get('pitwall_spool_pending_records') !== 0) await pause(POLL_MS / 1000, signal);
      return sent.reduce((sum, range) => sum + range.rows, 0);
    } finally {
      await load.kill();
    }
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  rate: number;
  outputs: number;
  cpuSeconds: number;
  peakBytes: number;
}

/** From when the processes share the partitions evenly until they have read all. */
async function measure(
  { dir, signal }: BenchContext,
  brokers: string[],
  topic: string,
  count: number,
  rows: number,
): Promise<Measured> {
  const name = `joined${count}`;
  const yaml = `
processors:
  ${name}:
    from: car/{car}/imu
    steps: [ { join: { with: "car/{car}/gps", tolerance: 1s, prefix: gps_ } }, { filter: c00 > 0 } ]
`;
  const bus = busOf(brokers, topic, `, group: ${topic}-${count}`);
  const folders = Array.from({ length: count }, (_, i) => join(dir, `process-${i}`));
  const processes: GatewayProcess[] = [];
  try {
    const args = ['--role', 'process'];
    const started = folders.map((folder) => GatewayProcess.start(folder, { memory: MEMORY, yaml, bus, args }));
    for (const each of started) processes.push(await each);
    const look = async () => {
      const pages = await Promise.all(processes.map((each) => each.metrics()));
      for (const each of processes) each.check();
      const read = pages.reduce((sum, page) => sum + (page.get('pitwall_lane_rows_total') ?? 0), 0);
      return { read, even: pages.every((page) => page.get('pitwall_partitions_owned') === PARTITIONS / count) };
    };
    let at = await look();
    while (!at.even || at.read === 0) {
      await pause(POLL_MS / 1000, signal);
      at = await look();
    }
    const startMs = performance.now();
    const before = at.read;
    const cpu = () => processes.reduce((sum, each) => sum + each.sampler.cpuSeconds(), 0);
    const cpuBefore = cpu();
    while (at.read < rows) {
      await pause(POLL_MS / 1000, signal);
      at = await look();
    }
    const rate = (rows - before) / ((performance.now() - startMs) / 1000);
    const cpuSeconds = cpu() - cpuBefore;
    const peakBytes = Math.max(...processes.map((each) => each.sampler.peakAnonymousBytes));
    for (const each of processes) await each.stop();
    return { rate, cpuSeconds, peakBytes, outputs: await outputsOf(brokers, topic, name) };
  } finally {
    for (const each of processes) await each.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

async function outputsOf(brokers: string[], topic: string, processor: string): Promise<number> {
  const connection = { brokers, tls: null, sasl: null };
  const reader = new KafkaReader(connection, new KafkaTopics(topic), PARTITIONS, { clientId: 'pitwall-bench' });
  let rows = 0;
  try {
    await eachBatch(reader, processor, (_stream, packed) => {
      rows += packed.rows;
    });
    return rows;
  } finally {
    await reader.close();
  }
}
