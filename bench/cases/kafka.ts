import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { KafkaReader } from '../../bus/kafka/kafka-reader.js';
import { KafkaTopics } from '../../bus/kafka/kafka-topics.js';
import { ensureTopics } from '../../kafka/topic-admin.js';
import type { BenchCase, BenchContext, Measure, VariantRun } from '../bench-case.js';
import { GatewayProcess } from '../gateway-process.js';
import type { BareResult } from '../kafka/bare-plan.js';
import { bareProducer } from '../kafka/bare-producer.js';
import { kafkaSource, uniqueTopic } from '../kafka/kafka-source.js';
import { processorsOverKafka } from '../kafka/processors.js';
import { Load } from '../load/load.js';
import type { LoadCounts, LoadPlan } from '../load/load-plan.js';
import { countRows, type ExpectedRows } from '../stored-rows.js';
import { latencyMeasures, MEMORY, pause, processMeasures } from './run-gateway.js';

const CLIENTS = 4;
const PARTITIONS = 12;
const COMPRESSION = 'lz4';
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
/** What the bare producer holds in memory. */
const BARE_BYTES_MAX = 1_000_000_000;
const SHAPES = [
  { rows: 1000, columns: 50 },
  { rows: 20, columns: 6 },
];
const POLL_MS = 20;
/** A port that nobody listens on: Kafka is away. */
const AWAY = '127.0.0.1:9';
const GOAL_RATIO = 0.9;

type Shape = (typeof SHAPES)[number];

/**
 * From the socket to Kafka beside kafkajs alone with the very same messages; the drain of a spool after an outage; and
 * processors in one process and in two.
 */
export const kafka: BenchCase = {
  name: 'kafka',
  summary: `packed batches over /ingest into Kafka, beside bare kafkajs; the drain after an outage; one and two processes`,
  async run(context) {
    const source = await kafkaSource();
    if (typeof source === 'string') {
      context.log(`kafka: SKIPPED, there is no Kafka to measure with: ${source}`);
      return [];
    }
    try {
      const runs: VariantRun[] = [];
      for (const shape of SHAPES) runs.push(await gateway(context, source.brokers, shape));
      runs.push(await drain(context, source.brokers, SHAPES[0]!));
      runs.push(...(await processorsOverKafka(context, source.brokers)));
      return runs;
    } finally {
      await source.stop();
    }
  },
};

/** Devices send as fast as they are answered; the clock stops when Kafka has all of it. */
async function gateway(context: BenchContext, brokers: string[], shape: Shape): Promise<VariantRun> {
  const { signal, quick } = context;
  const topic = uniqueTopic();
  const { rows, columns } = shape;
  const measures = await withGateway(context, brokers, topic, async (process) => {
    const load = await Load.start(plan(process.httpPort, shape, null));
    try {
      load.go();
      const startMs = performance.now();
      const cpuBefore = process.sampler.cpuSeconds();
      await process.metrics();
      await pause(quick ? 1 : 6, signal);
      load.stop();
      const { counts, sent } = await load.done;
      await forwarded(process, signal);
      const seconds = (performance.now() - startMs) / 1000;
      const cpuSeconds = process.sampler.cpuSeconds() - cpuBefore;
      const loopDelay = (await process.metrics()).get('pitwall_event_loop_delay_p99_seconds') ?? 0;
      await process.stop();
      const bare = await bareOf(brokers, topic, signal);
      const values = counts.acknowledged * rows * columns;
      return [
        ...ratesBeside(values, seconds, bare),
        { metric: 'acknowledged values', value: values / counts.seconds, unit: 'values/s' },
        ...latencyMeasures([counts]),
        ...processMeasures(process, loopDelay, cpuSeconds),
        ...(await rowMeasures(brokers, topic, sent, counts, rows)),
      ];
    } finally {
      await load.kill();
    }
  });
  return { name: `kafka, gateway, ${rows} rows of ${columns}`, measures };
}

/** The spool is filled while Kafka is away; then the gateway starts again, with Kafka and without devices. */
async function drain(context: BenchContext, brokers: string[], shape: Shape): Promise<VariantRun> {
  const { signal, quick } = context;
  const topic = uniqueTopic();
  const { rows, columns } = shape;
  const frames = quick ? 50 : 800;
  let counts: LoadCounts | null = null;
  let sent: ExpectedRows[] = [];
  const fill = async (process: GatewayProcess) => {
    const load = await Load.start(plan(process.httpPort, shape, frames));
    try {
      load.go();
      ({ counts, sent } = await load.done);
    } finally {
      await load.kill();
    }
  };
  const measures = await withGateway(context, [AWAY], topic, fill, async (again) => {
    const process = await again(brokers);
    const cpuBefore = process.sampler.cpuSeconds();
    const startMs = performance.now();
    await forwarded(process, signal);
    const seconds = (performance.now() - startMs) / 1000;
    const cpuSeconds = process.sampler.cpuSeconds() - cpuBefore;
    const loopDelay = (await process.metrics()).get('pitwall_event_loop_delay_p99_seconds') ?? 0;
    await process.stop();
    const bare = await bareOf(brokers, topic, signal);
    return [
      ...ratesBeside(counts!.acknowledged * rows * columns, seconds, bare),
      ...latencyMeasures([counts!]),
      ...processMeasures(process, loopDelay, cpuSeconds),
      ...(await rowMeasures(brokers, topic, sent, counts!, rows)),
    ];
  });
  return { name: `kafka, drain after an outage, ${rows} rows of ${columns}`, measures };
}

function plan(port: number, { rows, columns }: Shape, frames: number | null): LoadPlan {
  return {
    kind: 'ingest',
    port,
    connections: Array.from({ length: CLIENTS }, (_, i) => ({
      client: `bench-${i + 1}`,
      stream: `car/${i + 1}/imu`,
      firstUs: FIRST_US,
    })),
    rows,
    columns,
    stepUs: 100,
    frames,
    framesPerSecond: null,
  };
}

/** Gives `work` a gateway, and with `then` another one on the same folder after it. Removes the folder. */
async function withGateway<T>(
  context: BenchContext,
  brokers: string[],
  topic: string,
  work: (gateway: GatewayProcess) => Promise<T>,
): Promise<T>;
async function withGateway<T>(
  context: BenchContext,
  brokers: string[],
  topic: string,
  work: (gateway: GatewayProcess) => Promise<unknown>,
  then: (again: (brokers: string[]) => Promise<GatewayProcess>) => Promise<T>,
): Promise<T>;
async function withGateway<T>(
  context: BenchContext,
  brokers: string[],
  topic: string,
  work: (gateway: GatewayProcess) => Promise<T>,
  then?: (again: (brokers: string[]) => Promise<GatewayProcess>) => Promise<T>,
): Promise<T> {
  const dir = join(context.dir, 'gateway');
  const started: GatewayProcess[] = [];
  const start = async (at: string[]) => {
    const bus = `{ kafka: { brokers: [${at.join(', ')}], topic: ${topic}, partitions: ${PARTITIONS}, compression: ${COMPRESSION}, spool: ./spool, state: ./state } }`;
    const process = await GatewayProcess.start(dir, { memory: MEMORY, bus, args: ['--role', 'gateway'] });
    started.push(process);
    return process;
  };
  try {
    const result = await work(await start(brokers));
    if (!then) return result;
    await started[0]!.stop();
    return await then(start);
  } finally {
    for (const each of started) await each.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Resolves when Kafka has all that is in the spool. */
async function forwarded(gateway: GatewayProcess, signal: AbortSignal): Promise<void> {
  for (;;) {
    gateway.check();
    if ((await gateway.metrics()).get('pitwall_spool_pending_records') === 0) return;
    await pause(POLL_MS / 1000, signal);
  }
}

async function bareOf(brokers: string[], topic: string, signal: AbortSignal): Promise<BareResult> {
  const connection = { brokers, tls: null, sasl: null };
  const target = `${topic}-bare`;
  const configs = { 'max.message.bytes': String(64 * 1024 * 1024) };
  const spec = { topic: target, partitions: PARTITIONS, replication: null, configs };
  await ensureTopics(connection, { clientId: 'pitwall-bench' }, [spec]);
  const own = { brokers, source: topic, target, partitions: PARTITIONS, compression: COMPRESSION } as const;
  return bareProducer({ ...own, bytesMax: BARE_BYTES_MAX }, signal);
}

/** The rate, and what kafkajs alone makes of the same messages. */
function ratesBeside(values: number, seconds: number, bare: BareResult): Measure[] {
  const bareValues = (values * bare.bytes) / bare.sourceBytes / bare.seconds;
  const rate = values / seconds;
  return [
    {
      metric: 'values in Kafka',
      value: rate,
      unit: 'values/s',
      limits: { bareKafkajs: bareValues, goal: bareValues * GOAL_RATIO },
    },
    { metric: 'of bare kafkajs', value: (rate / bareValues) * 100, unit: '%', limits: { goal: GOAL_RATIO * 100 } },
    { metric: 'bytes', value: bare.sourceBytes / seconds / 1e6, unit: 'MB/s' },
    { metric: 'bytes of bare kafkajs', value: bare.bytes / bare.seconds / 1e6, unit: 'MB/s' },
    { metric: 'messages', value: bare.messages * (bare.sourceBytes / bare.bytes), unit: 'messages' },
  ];
}

async function rowMeasures(
  brokers: string[],
  topic: string,
  sent: readonly ExpectedRows[],
  { acknowledged }: LoadCounts,
  rowsPerMessage: number,
): Promise<Measure[]> {
  const rows = sent.reduce((sum, range) => sum + range.rows, 0);
  const connection = { brokers, tls: null, sasl: null };
  const reader = new KafkaReader(connection, new KafkaTopics(topic), PARTITIONS, { clientId: 'pitwall-bench' });
  try {
    const { stored, lost, duplicated } = await countRows(reader, sent);
    const start = await reader.start(TELEMETRY_TOPIC, 0);
    if (start > 0) throw new Error('the brokers have dropped messages meanwhile: give them room');
    return [
      { metric: 'rows sent', value: rows, unit: 'rows' },
      { metric: 'rows acknowledged', value: acknowledged * rowsPerMessage, unit: 'rows', limits: { sent: rows } },
      { metric: 'rows stored', value: stored, unit: 'rows', limits: { sent: rows } },
      { metric: 'rows lost', value: lost, unit: 'rows', limits: { most: 0 } },
      { metric: 'rows duplicated', value: duplicated, unit: 'rows', limits: { most: 0 } },
    ];
  } finally {
    await reader.close();
  }
}
