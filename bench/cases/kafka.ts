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
import { AWAY, kafkaSource, uniqueTopic } from '../kafka/kafka-source.js';
import { processorsOverKafka } from '../kafka/processors.js';
import { Load } from '../load/load.js';
import type { LoadCounts, LoadPlan } from '../load/load-plan.js';
import { countRows, type ExpectedRows } from '../stored-rows.js';
import { latencyMeasures, MEMORY, pause, processMeasures } from './run-gateway.js';

const CLIENTS = 4;
const PARTITIONS = 12;
const COMPRESSION = 'lz4';
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
/** What the bare producer holds in memory and sends, at most: with much more it is the garbage collector that is measured. */
const BARE_BYTES_MAX = 300_000_000;
const SHAPES = [
  { rows: 1000, columns: 50 },
  { rows: 20, columns: 6 },
];
const POLL_MS = 50;
const GOAL_RATIO = 0.9;
/** Records of fewer rows are merged on their way. */
const UNMERGED_ROWS = 1000;
const LARGE = { 'max.message.bytes': String(64 * 1024 * 1024) };

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
      const loopDelay = (await process.metrics()).get('pitwall_event_loop_delay_p99_seconds') ?? 0;
      load.stop();
      const { counts, sent } = await load.done;
      await forwarded(process, signal);
      const seconds = (performance.now() - startMs) / 1000;
      const cpuSeconds = process.sampler.cpuSeconds() - cpuBefore;
      await process.stop();
      const bare = await bareOf(brokers, topic, shape, signal);
      const values = counts.acknowledged * rows * columns;
      return [
        ...ratesBeside(values, seconds, values, bare),
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
    const { pending, loopDelay } = await forwarded(process, signal);
    const seconds = (performance.now() - startMs) / 1000;
    const cpuSeconds = process.sampler.cpuSeconds() - cpuBefore;
    await process.stop();
    const bare = await bareOf(brokers, topic, shape, signal);
    // Some were forwarded before the gateway said that it is ready.
    const measured = Math.min(pending, counts!.acknowledged);
    return [
      ...ratesBeside(measured * rows * columns, seconds, counts!.acknowledged * rows * columns, bare),
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

/** Resolves when Kafka has all that is in the spool: with how many records that were, and the worst delay meanwhile. */
async function forwarded(
  gateway: GatewayProcess,
  signal: AbortSignal,
): Promise<{ pending: number; loopDelay: number }> {
  let most = 0;
  let loopDelay = 0;
  for (;;) {
    gateway.check();
    const metrics = await gateway.metrics();
    const pending = metrics.get('pitwall_spool_pending_records') ?? 0;
    most = Math.max(most, pending);
    loopDelay = Math.max(loopDelay, metrics.get('pitwall_event_loop_delay_p99_seconds') ?? 0);
    if (pending === 0) return { pending: most, loopDelay };
    await pause(POLL_MS / 1000, signal);
  }
}

interface BareRuns {
  /** The messages as they are in the topic. */
  merged: BareResult;
  /** As many messages as devices sent; null where that is the same. */
  unmerged: BareResult | null;
}

async function bareOf(brokers: string[], topic: string, shape: Shape, signal: AbortSignal): Promise<BareRuns> {
  const connection = { brokers, tls: null, sasl: null };
  const run = async (target: string, unmerged: boolean) => {
    const spec = { topic: target, partitions: PARTITIONS, replication: null, configs: LARGE };
    await ensureTopics(connection, { clientId: 'pitwall-bench' }, [spec]);
    const own = { brokers, source: topic, target, partitions: PARTITIONS, compression: COMPRESSION } as const;
    return bareProducer({ ...own, unmerged, bytesMax: BARE_BYTES_MAX }, signal);
  };
  const merged = await run(`${topic}-bare`, false);
  const unmerged = shape.rows < UNMERGED_ROWS ? await run(`${topic}-unmerged`, true) : null;
  return { merged, unmerged };
}

/** The rate, and what kafkajs alone makes of the messages, which hold `all` values. */
function ratesBeside(values: number, seconds: number, all: number, { merged, unmerged }: BareRuns): Measure[] {
  const rate = values / seconds;
  const rateOf = (bare: BareResult) => (all * (bare.bytes / bare.sourceBytes)) / bare.seconds;
  const bareKafkajs = rateOf(merged);
  return [
    {
      metric: 'values in Kafka',
      value: rate,
      unit: 'values/s',
      limits: {
        bareKafkajs,
        goal: bareKafkajs * GOAL_RATIO,
        ...(unmerged && { bareUnmerged: rateOf(unmerged) }),
      },
    },
    { metric: 'of bare kafkajs', value: (rate / bareKafkajs) * 100, unit: '%', limits: { goal: GOAL_RATIO * 100 } },
    { metric: 'bytes of bare kafkajs', value: merged.bytes / merged.seconds / 1e6, unit: 'MB/s' },
    { metric: 'CPU of bare kafkajs', value: (merged.cpuSeconds * 1e9) / merged.bytes, unit: 'ms/MB' },
    { metric: 'messages', value: merged.messages * (merged.sourceBytes / merged.bytes), unit: 'messages' },
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
