import type { Batch } from '../../columnar/batch.js';
import type { InputRecord } from '../../processors/partition-graph.js';
import { PartitionGraph } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { pack } from '../../schemas/data-block.js';
import { packedBytesMax, readPacked, writePacked } from '../../schemas/packed-batch.js';
import type { JoinPlan, JoinResult } from './join-plan.js';
import { type EncodedRecord, joinRecords, LEFT_PERIOD_US, RIGHT_PERIOD_US, RIGHT_SHIFT_US } from './join-records.js';

/**
 * A child process that does what a processor's lane does between two reads of the log, in one thread: decode a run of
 * records, run the graph, encode what comes out. Its plan is its argument, the result goes over IPC.
 */
const STEP_BYTES = 2 * 1024 * 1024;
const plan = JSON.parse(process.argv[2]!) as JoinPlan;

const processor: ProcessorPlan = {
  name: 'joined',
  from: [{ pattern: 'car/{car}/imu' }],
  steps: [
    {
      verb: 'join',
      with: { pattern: 'car/{car}/temps' },
      how: plan.how,
      toleranceUs: 2e6,
      waitUs: 5e6,
      keep: 'inner',
      prefix: '',
      ...(plan.late ? { late: plan.late } : {}),
    },
  ],
};

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

function pass(steps: readonly EncodedRecord[][], out: (batch: Batch) => void): void {
  const graph = new PartitionGraph([processor]);
  const target = { buffer: Buffer.allocUnsafe(STEP_BYTES * 4) };
  let offset = 0;
  for (const step of steps) {
    const input = step.map(({ key, stream, schema, receivedUs, value }): InputRecord => {
      const packed = readPacked(value);
      return { offset: offset++, kind: 'data', key, stream, receivedUs, tags: {}, packed, schema };
    });
    for (const { batch } of graph.run(input)) {
      const packed = pack(batch);
      const bytes = packedBytesMax(packed);
      if (bytes > target.buffer.length) target.buffer = Buffer.allocUnsafe(bytes);
      writePacked(packed, target.buffer, 0);
      out(batch);
    }
  }
}

/**
 * Rows that one entity's inner join has given when the records end: those between two right rows. Those before the first
 * have no match, but for `forward`; those after the last still wait for it.
 */
function expectedRows(leftRows: number): number {
  const rightRows = Math.ceil((leftRows * LEFT_PERIOD_US - RIGHT_SHIFT_US) / RIGHT_PERIOD_US);
  let count = 0;
  for (let i = 0; i < leftRows; i++) {
    const before = Math.floor((i * LEFT_PERIOD_US - RIGHT_SHIFT_US) / RIGHT_PERIOD_US);
    if ((before >= 0 || plan.how === 'forward') && before + 1 < rightRows) count++;
  }
  return count;
}

const { records, leftRowsEach } = joinRecords(plan);
const steps = runs(records);
pass(steps.slice(0, Math.ceil(steps.length / 4)), () => {});
let outputRows = 0;
let duplicatedRows = 0;
const lastUs = new Map<string, number>();
const cpu = process.cpuUsage();
const startMs = performance.now();
pass(steps, ({ stream, rows, timeUs }) => {
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
const result: JoinResult = {
  leftRows: leftRowsEach * plan.entities,
  outputRows,
  expectedRows: expectedRows(leftRowsEach) * plan.entities,
  duplicatedRows,
  seconds,
  cpuSeconds: (used.user + used.system) / 1e6,
};
process.send!(result, () => process.disconnect());
