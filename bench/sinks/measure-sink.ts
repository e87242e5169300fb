import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Measure, VariantRun } from '../bench-case.js';
import { benchFault } from '../bench-fault.js';
import { MIB } from '../cases/run-gateway.js';
import { COLUMNS } from '../encoders/encoder-batches.js';
import type { StoredRows } from '../stored-rows.js';
import { runPass } from './run-pass.js';
import { STREAMS } from './sink-records.js';
import type { SinkVariant } from './sink-variant.js';
import { type Side, type Subject, subjectOf } from './subject.js';

const GOAL_SHARE = 0.8;
const ROUNDS: readonly (readonly Side[])[] = [
  ['sink', 'bare'],
  ['bare', 'sink'],
];
const QUICK_ROWS_MAX = 8_000;

interface Measured {
  rowsPerSecond: number;
  cpuSeconds: number;
  /** CPU seconds of a million values. */
  cpuOfMillion: number;
  bytesOfValue: number;
  peakBytes: number;
}

/** A sink and the bare client in turn, each twice, into the same server. */
export async function measureSink(context: BenchContext, variant: SinkVariant, address: string): Promise<VariantRun> {
  const run = new SinkRun(context, variant, address, await subjectOf(variant.store));
  try {
    for (const round of context.quick ? ROUNDS.slice(0, 1) : ROUNDS) {
      for (const side of round) await run.pass(side);
    }
    if (variant.store === 'mongodb' && !context.quick) await run.pass('objects');
    return { name: variant.name, measures: run.measures() };
  } finally {
    await run.end();
  }
}

class SinkRun {
  private readonly places: string[] = [];
  private readonly measured: Record<Side, Measured[]> = { sink: [], bare: [], objects: [] };
  private readonly counted: StoredRows[] = [];
  private readonly dir: string;
  private readonly rows: number;
  private readonly warmRecords: number;
  private readonly records: number;
  private written = '';

  constructor(
    private readonly context: BenchContext,
    private readonly variant: SinkVariant,
    private readonly address: string,
    private readonly subject: Subject,
  ) {
    const { quick, dir } = context;
    const { recordRows } = variant;
    const most = quick ? QUICK_ROWS_MAX : Number.POSITIVE_INFINITY;
    const warmRows = Math.min(variant.warmRows, most);
    this.dir = join(dir, 'sinks');
    mkdirSync(this.dir);
    this.rows = quick ? warmRows : variant.rows;
    this.warmRecords = warmRows / recordRows;
    this.records = this.warmRecords + this.rows / recordRows;
  }

  async pass(side: Side): Promise<void> {
    const { context, variant, subject, address, written, warmRecords, records, rows } = this;
    const { store, options, recordRows } = variant;
    const name = `pitwall-bench-${randomBytes(4).toString('hex')}`;
    const place = store === 'file' ? join(this.dir, name) : name;
    await subject.make(address, place);
    this.places.push(place);
    const stateDir = join(this.dir, `${name}-state`);
    mkdirSync(stateDir);
    const pass = { store, side, options, address, place, written, stateDir, recordRows, warmRecords, records };
    const { seconds, cpuSeconds, bytes, peakBytes } = await runPass(pass, context.signal);
    const measuredRows = side === 'bare' && subject.writesAgain ? records * recordRows : rows;
    const rowsPerSecond = measuredRows / seconds;
    context.log(`${variant.name}: ${side} ${Math.round(rowsPerSecond)} rows/s`);
    const values = measuredRows * COLUMNS;
    const [cpuOfMillion, bytesOfValue] = [(cpuSeconds / values) * 1e6, bytes / values];
    this.measured[side].push({ rowsPerSecond, cpuSeconds, cpuOfMillion, bytesOfValue, peakBytes });
    const found = (await subject.count(address, place, (records * recordRows) / STREAMS)).result();
    if (side === 'sink') {
      this.counted.push(found);
      this.written = place;
    } else if (found.lost + found.duplicated > 0) {
      throw benchFault(`${variant.name}: the bare client lost ${found.lost} rows, ${found.duplicated} are there twice`);
    }
  }

  measures(): Measure[] {
    const { sink, bare, objects } = this.measured;
    const rows = middle(sink, 'rowsPerSecond');
    const ceiling = middle(bare, 'rowsPerSecond');
    const limits = {
      bareClient: ceiling,
      goal: GOAL_SHARE * ceiling,
      ...(objects.length > 0 && { driverWithObjects: middle(objects, 'rowsPerSecond') }),
    };
    const ofValues = Object.fromEntries(Object.entries(limits).map(([name, bound]) => [name, bound * COLUMNS]));
    const total = (key: keyof StoredRows) => this.counted.reduce((sum, each) => sum + each[key], 0);
    const sent = this.counted.length * this.records * this.variant.recordRows;
    return [
      { metric: 'rows', value: rows, unit: 'rows/s', limits },
      { metric: 'values', value: rows * COLUMNS, unit: 'values/s', limits: ofValues },
      {
        metric: 'share of the bare client',
        value: (rows / ceiling) * 100,
        unit: '%',
        limits: { goal: GOAL_SHARE * 100 },
      },
      {
        metric: 'CPU a million values',
        value: middle(sink, 'cpuOfMillion'),
        unit: 's',
        limits: { bareClient: middle(bare, 'cpuOfMillion') },
      },
      { metric: 'bytes a value', value: middle(bare, 'bytesOfValue'), unit: 'bytes' },
      { metric: 'peak RssAnon', value: Math.max(...sink.map(({ peakBytes }) => peakBytes)) / MIB, unit: 'MiB' },
      { metric: 'CPU', value: middle(sink, 'cpuSeconds'), unit: 's' },
      { metric: 'rows sent', value: sent, unit: 'rows' },
      { metric: 'rows stored', value: total('stored'), unit: 'rows', limits: { sent } },
      { metric: 'rows lost', value: total('lost'), unit: 'rows', limits: { most: 0 } },
      { metric: 'rows duplicated', value: total('duplicated'), unit: 'rows', limits: { most: 0 } },
    ];
  }

  /** Removes all that was made. */
  async end(): Promise<void> {
    const { subject, address, places, dir } = this;
    for (const place of places) await subject.remove(address, place).catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The median: of two, the mean. */
function middle(all: readonly Measured[], key: keyof Measured): number {
  const sorted = all.map((each) => each[key]).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
