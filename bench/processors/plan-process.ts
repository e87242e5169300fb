import type { Batch } from '../../columnar/batch.js';
import { GraphChain } from '../../processors/grouping/graph-chain.js';
import { type InputRecord, PartitionGraph, type ProcessorOutput } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { pack } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import { readPacked } from '../../schemas/read-packed.js';
import type { PlanResult, PlanRun } from './plan-case.js';
import { planCase } from './plan-cases.js';
import { type EncodedRecord, planRecords } from './plan-records.js';

/**
 * A child process that does what a processor's lane does between two reads of the log, in one thread: decode a run of
 * records, run the graph, encode what comes out. Its plan is its argument, the result goes over IPC.
 */
const STEP_BYTES = 2 * 1024 * 1024;
const NO_TAGS = {};
const { name, rows: rowsOfRecord, totalRows } = JSON.parse(process.argv[2]!) as PlanRun;
const plan = planCase(name);
const processor: ProcessorPlan = { name: 'measured', from: [{ pattern: 'car/{car}/imu' }], steps: plan.steps };

function runs(records: readonly EncodedRecord[]): EncodedRecord[][] {
  const all: EncodedRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    if (bytes + record.value.length > STEP_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(record);
    bytes += record.value.length;
  }
  return all;
}

/** What takes the records: one graph, as in a lane, or where there is a group step both sides of it. */
function runner(): (records: readonly InputRecord[]) => ProcessorOutput[] | Promise<ProcessorOutput[]> {
  if (processor.steps.some(({ verb }) => verb === 'group')) {
    const chain = new GraphChain([processor]);
    return (records) => chain.run(0, records);
  }
  const graph = new PartitionGraph([processor]);
  return (records) => graph.run(records);
}

async function pass(steps: readonly EncodedRecord[][], out: (batch: Batch) => void): Promise<void> {
  const run = runner();
  const target = { buffer: Buffer.allocUnsafe(STEP_BYTES * 4) };
  let offset = 0;
  for (const step of steps) {
    const input = step.map(({ key, stream, schema, receivedUs, value }): InputRecord => {
      const packed = readPacked(value);
      return { offset: offset++, kind: 'data', key, stream, receivedUs, tags: NO_TAGS, packed, schema };
    });
    for (const { batch } of await run(input)) {
      const packed = pack(batch);
      const bytes = packedBytesMax(packed);
      if (bytes > target.buffer.length) target.buffer = Buffer.allocUnsafe(bytes);
      writePacked(packed, target.buffer, 0);
      out(batch);
    }
  }
}

const { records, rowsEach } = planRecords(plan, rowsOfRecord, totalRows);
const steps = runs(records);
await pass(steps.slice(0, Math.ceil(steps.length / 4)), () => {});
let outputRows = 0;
let duplicatedRows = 0;
const lastUs = new Map<string, number>();
const cpu = process.cpuUsage();
const startMs = performance.now();
await pass(steps, ({ stream, rows, timeUs }) => {
  outputRows += rows;
  // An entity's rows leave in order of time, so one that does not come after the last was there before.
  const last = lastUs.get(stream) ?? -1;
  let i = 0;
  while (i < rows && timeUs[i]! <= last) i++;
  duplicatedRows += i;
  if (rows > 0) lastUs.set(stream, timeUs[rows - 1]!);
});
const seconds = (performance.now() - startMs) / 1000;
const used = process.cpuUsage(cpu);
const result: PlanResult = {
  rows: rowsEach * plan.entities,
  outputRows,
  expectedRows: plan.expected(rowsEach) * plan.entities,
  duplicatedRows,
  seconds,
  cpuSeconds: (used.user + used.system) / 1e6,
};
process.send!(result, () => process.disconnect());
