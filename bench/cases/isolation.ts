import type { Batch } from '../../columnar/batch.js';
import { field, Schema } from '../../columnar/schema.js';
import { IngestSender } from '../../devices/senders/ingest-sender.js';
import type { BenchCase, BenchContext, VariantRun } from '../bench-case.js';
import { SilentReceiver, TimedReceiver } from '../isolation/timed-receiver.js';
import { pause, runGateway } from './run-gateway.js';

const CARS = 20;
const ROWS = 20;
/** Messages a second of each car. */
const RATE = 5;
const SCHEMA = new Schema([field('sentMs', 'f64'), ...['ax', 'ay', 'az', 'speed'].map((name) => field(name, 'f32'))]);
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
      const alone: number[][] = [];
      const beside: number[][] = [];
      // In turns, as the machine's speed changes with the minutes.
      for (let round = 0; round < (context.quick ? ROUNDS.quick : ROUNDS.full); round++) {
        alone.push(await latencies(context, receiver, watched));
        beside.push(await latencies(context, receiver, `${watched}${others}`));
      }
      return [variant('alone', alone, null), variant('beside three that fail', beside, alone)];
    } finally {
      receiver.stop();
      silent.stop();
    }
  },
};

function variant(name: string, runs: readonly number[][], without: readonly number[][] | null): VariantRun {
  const [p50, p99, lost] = [0, 1, 2].map((at) => median(runs.map((run) => run[at]!)));
  const base = without ? median(without.map(([, p99]) => p99!)) : null;
  return {
    name: `isolation ${name}`,
    measures: [
      { metric: 'device to store p99', value: p99!, unit: 'ms', ...(base && { limits: { without: base } }) },
      { metric: 'device to store p50', value: p50!, unit: 'ms' },
      ...(base ? [{ metric: 'p99 beside alone', value: p99! / base, unit: '', limits: { goal: GOAL_RATIO } }] : []),
      { metric: 'rows lost', value: lost!, unit: 'rows' },
    ],
  };
}

/** p50 and p99 in milliseconds, and rows that have not come. */
function latencies(context: BenchContext, receiver: TimedReceiver, yaml: string): Promise<number[]> {
  const { signal, quick } = context;
  return runGateway(context, yaml, async ({ httpPort }) => {
    const url = `ws://127.0.0.1:${httpPort}/ingest`;
    const sender = new IngestSender({
      url,
      format: 'packed',
      client: 'isolation',
      known: 'continue',
      giveUpMs: 10_000,
    });
    await sender.open();
    try {
      const before = receiver.rows;
      let sent = 0;
      const send = async (seconds: number) => {
        const startMs = performance.now();
        for (let round = 0; round < seconds * RATE; round++) {
          await pause(Math.max(0, (startMs + (round * 1000) / RATE - performance.now()) / 1000), signal);
          for (let car = 0; car < CARS; car++, sent += ROWS) await sender.send({ batch: batch(car) });
        }
      };
      await send(quick ? 0.5 : 3);
      receiver.begin();
      await send(quick ? 1 : 10);
      await sender.drain();
      const untilMs = performance.now() + DRAIN_MS;
      while (receiver.rows - before < sent && performance.now() < untilMs) await pause(0.05, signal);
      const { latency } = receiver;
      return [latency.quantileMs(0.5), latency.quantileMs(0.99), sent - (receiver.rows - before)];
    } finally {
      await sender.close();
    }
  });
}

function batch(car: number): Batch {
  const sentMs = performance.timeOrigin + performance.now();
  const timeUs = Float64Array.from({ length: ROWS }, (_, i) => Math.round(sentMs * 1000) + i * 1000);
  const plain = { nulls: null, dictionary: null };
  return {
    stream: `car/${car}/imu`,
    schema: SCHEMA,
    rows: ROWS,
    timeUs,
    columns: SCHEMA.fields.map((_, c) => ({
      values: c === 0 ? new Float64Array(ROWS).fill(sentMs) : new Float32Array(ROWS).fill(car + c),
      ...plain,
    })),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
