import type { Batch } from '../../columnar/batch.js';
import { field, Schema } from '../../columnar/schema.js';
import { IngestSender } from '../../devices/senders/ingest-sender.js';
import { LatencyHistogram } from '../../devices/senders/latency-histogram.js';
import type { BenchCase, BenchContext, VariantRun } from '../bench-case.js';
import { SilentReceiver, TimedReceiver } from '../isolation/timed-receiver.js';
import { MIB, pause, runGateway } from './run-gateway.js';

const CARS = 20;
const ROWS = 20;
/** Messages a second of each car. */
const RATE = 5;
const SCHEMA = new Schema([
  field('n', 'f64'),
  field('sentMs', 'f64'),
  ...['ax', 'ay', 'az', 'speed'].map((name) => field(name, 'f32')),
]);
/** A port that nobody listens on. */
const CLOSED = 'http://127.0.0.1:9';
const GOAL_RATIO = 1.1;
const ROUNDS = { quick: 1, full: 4 };
const DRAIN_MS = 30_000;

/** How long rows take from the device to a store, beside stores that are dead, silent and refuse, and without them. */
export const isolation: BenchCase = {
  name: 'isolation',
  summary:
    'device to store, p99, with three other stores dead, silent and unwilling for the whole run, and without them',
  async run(context) {
    const receiver = await TimedReceiver.start();
    const silent = await SilentReceiver.start();
    try {
      const sink = (name: string, rest: string) => `  ${name}: { from: "#", batch: { every: 50ms }, ${rest} }\n`;
      const watched = `workers: 1\nsinks:\n${sink('watched', `type: http, format: jsonl, url: "${receiver.url}"`)}`;
      const others = [
        sink('dead', `type: influxdb, url: "${CLOSED}", database: d`),
        sink('silent', `type: http, url: "${silent.url}", timeout: 2s`),
        sink('documents', 'type: mongodb, url: "mongodb://127.0.0.1:9", database: d, collection: c'),
      ].join('');
      const alone: Round[] = [];
      const beside: Round[] = [];
      // In turns, as the machine's speed changes with the minutes.
      for (let n = 0; n < (context.quick ? ROUNDS.quick : ROUNDS.full); n++) {
        alone.push(await round(context, receiver, watched));
        beside.push(await round(context, receiver, `${watched}${others}`));
      }
      return [variant('alone', alone, null), variant('beside three that fail', beside, alone)];
    } finally {
      receiver.stop();
      silent.stop();
    }
  },
};

/** One gateway's life. Times in milliseconds. */
interface Round {
  p50: number;
  p99: number;
  acks: LatencyHistogram;
  loopDelay: number;
  peakMiB: number;
  cpuSeconds: number;
  sent: number;
  acknowledged: number;
  stored: number;
  duplicated: number;
}

/** Medians of times; rows are those of all rounds, so that none hides another's loss. */
function variant(name: string, rounds: readonly Round[], without: readonly Round[] | null): VariantRun {
  const middle = (of: (one: Round) => number) => median(rounds.map(of));
  const total = (of: (one: Round) => number) => rounds.reduce((sum, one) => sum + of(one), 0);
  const acks = new LatencyHistogram();
  for (const one of rounds) acks.merge(one.acks);
  const p99 = middle((one) => one.p99);
  const base = without ? median(without.map((one) => one.p99)) : null;
  const sent = total((one) => one.sent);
  return {
    name: `isolation ${name}`,
    measures: [
      { metric: 'device to store p99', value: p99, unit: 'ms', ...(base && { limits: { without: base } }) },
      { metric: 'device to store p50', value: middle((one) => one.p50), unit: 'ms' },
      ...(base ? [{ metric: 'p99 beside alone', value: p99 / base, unit: '', limits: { goal: GOAL_RATIO } }] : []),
      { metric: 'ack p50', value: acks.quantileMs(0.5), unit: 'ms' },
      { metric: 'ack p99', value: acks.quantileMs(0.99), unit: 'ms' },
      { metric: 'event-loop delay p99', value: middle((one) => one.loopDelay), unit: 'ms' },
      { metric: 'peak RssAnon', value: Math.max(...rounds.map((one) => one.peakMiB)), unit: 'MiB' },
      { metric: 'CPU', value: total((one) => one.cpuSeconds), unit: 's' },
      { metric: 'rows sent', value: sent, unit: 'rows' },
      { metric: 'rows acknowledged', value: total((one) => one.acknowledged), unit: 'rows', limits: { sent } },
      { metric: 'rows stored', value: total((one) => one.stored), unit: 'rows', limits: { sent } },
      { metric: 'rows lost', value: sent - total((one) => one.stored), unit: 'rows', limits: { most: 0 } },
      { metric: 'rows duplicated', value: total((one) => one.duplicated), unit: 'rows', limits: { most: 0 } },
    ],
  };
}

function round(context: BenchContext, receiver: TimedReceiver, yaml: string): Promise<Round> {
  const { signal, quick } = context;
  return runGateway(context, yaml, async (gateway) => {
    const url = `ws://127.0.0.1:${gateway.httpPort}/ingest`;
    const sender = new IngestSender({
      url,
      format: 'packed',
      client: 'isolation',
      known: 'continue',
      giveUpMs: 10_000,
    });
    await sender.open();
    try {
      receiver.begin();
      let sent = 0;
      const send = async (seconds: number) => {
        const startMs = performance.now();
        for (let turn = 0; turn < seconds * RATE; turn++) {
          await pause(Math.max(0, (startMs + (turn * 1000) / RATE - performance.now()) / 1000), signal);
          for (let car = 0; car < CARS; car++, sent += ROWS) await sender.send({ batch: batch(car, sent) });
        }
      };
      await send(quick ? 0.5 : 3);
      receiver.measure();
      await gateway.metrics();
      const cpuBefore = gateway.sampler.cpuSeconds();
      await send(quick ? 1 : 10);
      const loopDelay = ((await gateway.metrics()).get('pitwall_event_loop_delay_p99_seconds') ?? 0) * 1000;
      const cpuSeconds = gateway.sampler.cpuSeconds() - cpuBefore;
      await sender.drain();
      const untilMs = performance.now() + DRAIN_MS;
      while (receiver.stored < sent && performance.now() < untilMs) await pause(0.05, signal);
      const { latency, stored, duplicated } = receiver;
      const { latency: acks, rowsAcknowledged: acknowledged } = sender.report;
      const peakMiB = gateway.sampler.peakAnonymousBytes / MIB;
      const [p50, p99] = [latency.quantileMs(0.5), latency.quantileMs(0.99)];
      return { p50, p99, acks, loopDelay, peakMiB, cpuSeconds, sent, acknowledged, stored, duplicated };
    } finally {
      await sender.close();
    }
  });
}

/** Rows are numbered from `first` on. */
function batch(car: number, first: number): Batch {
  const sentMs = performance.timeOrigin + performance.now();
  const timeUs = Float64Array.from({ length: ROWS }, (_, i) => Math.round(sentMs * 1000) + i * 1000);
  const plain = { nulls: null, dictionary: null };
  return {
    stream: `car/${car}/imu`,
    schema: SCHEMA,
    rows: ROWS,
    timeUs,
    columns: SCHEMA.fields.map((_, c) => ({
      values:
        c === 0
          ? Float64Array.from({ length: ROWS }, (_, i) => first + i)
          : c === 1
            ? new Float64Array(ROWS).fill(sentMs)
            : new Float32Array(ROWS).fill(car + c),
      ...plain,
    })),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
