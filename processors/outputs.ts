import type { Batch, Column } from '../columnar/batch.js';
import { concatBatches } from '../columnar/kernels/concat.js';
import { compactDictionary } from '../columnar/kernels/dictionary.js';
import { sliceRows } from '../columnar/kernels/slice.js';
import { CELL_BYTES } from '../columnar/schema.js';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../core/limits.js';
import type { Lane, Tags } from './entity.js';
import type { GraphNode } from './node.js';

/** Rows that left a processor. */
export interface ProcessorOutput {
  processor: string;
  key: string;
  /** `PROCESSOR/ENTITY-KEY`, also in the batch. */
  stream: string;
  /** What the pattern of the left stream captured, and what came with its records. */
  tags: Tags;
  batch: Batch;
  /** Receive time of the newest record that had to come for these rows. */
  receivedUs: number;
  /**
   * The rows' number among all that the lane has given since the epoch began: the first row of `batch` is number
   * `firstRow`, from 0. However a crash or a move to another machine cuts the work, a row has the same lane and number.
   */
  lane: string;
  firstRow: number;
  /** Of a part that a group step ends: the partition of the topic `processor` where the rows belong. */
  partition: number | null;
}

/** Collects the rows of a run, lane by lane, and gives them in as few batches as their order allows. */
export class Outputs {
  private readonly lanes = new Set<Lane>();
  private readonly finished: ProcessorOutput[] = [];

  constructor(private readonly nodes: readonly GraphNode[]) {}

  add(lane: Lane, batch: Batch, receivedUs: number): void {
    lane.out.push(batch);
    lane.receivedUs = Math.max(lane.receivedUs, receivedUs);
    this.lanes.add(lane);
  }

  /** What follows does not go into one batch with what is there: tags change. */
  cut(): void {
    for (const lane of this.lanes) {
      const { name: processor } = this.nodes[lane.node]!;
      const { key, tags, id, partition, receivedUs } = lane;
      for (const batch of mergeBatches(lane.out)) {
        const { stream, rows } = batch;
        this.finished.push({
          processor,
          key,
          stream,
          tags,
          batch,
          receivedUs,
          lane: id,
          firstRow: lane.rows,
          partition,
        });
        lane.rows += rows;
      }
      lane.out = [];
      lane.receivedUs = 0;
    }
    this.lanes.clear();
  }

  take(): ProcessorOutput[] {
    this.cut();
    return this.finished.splice(0);
  }
}

/** Texts are not counted, so there must be room for them below the limit of a record. */
const CELL_BYTES_MAX = BATCH_BYTES_MAX / 4;

/**
 * The rows of one lane in as few batches as their order allows: neighbours of one schema become one while times ascend
 * and the batch stays below the limits of a record. Dictionaries hold only what the rows use.
 */
export function mergeBatches(batches: readonly Batch[]): Batch[] {
  if (batches.length === 1 && batches[0]!.rows <= rowsAllowed(batches[0]!)) return [compacted(batches[0]!)];
  const out: Batch[] = [];
  let group: Batch[] = [];
  let rows = 0;
  const close = () => {
    if (group.length > 0) out.push(compacted(concatBatches(group)));
    group = [];
    rows = 0;
  };
  for (const whole of batches) {
    const rowsMax = rowsAllowed(whole);
    for (let from = 0; from < whole.rows; from += rowsMax) {
      const batch = sliceRows(whole, from, Math.min(whole.rows, from + rowsMax));
      const last = group.at(-1);
      const joins =
        last !== undefined &&
        rows + batch.rows <= rowsMax &&
        (last.schema === batch.schema || last.schema.fingerprint === batch.schema.fingerprint) &&
        last.timeUs[last.rows - 1]! <= batch.timeUs[0]!;
      if (!joins) close();
      group.push(batch);
      rows += batch.rows;
    }
  }
  close();
  return out;
}

function rowsAllowed(batch: Batch): number {
  let bytes = 9;
  for (const f of batch.schema.fields) bytes += CELL_BYTES[f.type] + 1 / 8;
  return Math.max(1, Math.min(BATCH_ROWS_MAX, Math.floor(CELL_BYTES_MAX / bytes)));
}

function compacted(batch: Batch): Batch {
  const isLoose = ({ dictionary }: Column) => dictionary !== null && dictionary.length > batch.rows;
  if (!batch.columns.some(isLoose)) return batch;
  const columns = batch.columns.map((column) => (isLoose(column) ? compactDictionary(column, batch.rows) : column));
  return { ...batch, columns };
}
