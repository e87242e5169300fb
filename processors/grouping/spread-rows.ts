import type { Batch } from '../../columnar/batch.js';
import { partitionRows } from '../../columnar/kernels/partition.js';
import { takeRows } from '../../columnar/kernels/take.js';
import { field, Schema } from '../../columnar/schema.js';
import { partitionOf } from '../../core/partitioner.js';
import type { Tags } from '../entity.js';
import { rowKeys } from './group-keys.js';

/**
 * The rows of a batch by the partition that their key belongs to. Tags that the key is made of become columns: the rows of
 * many streams come together there.
 */
export class SpreadRows {
  private readonly known = new Map<string, number>();

  constructor(
    private readonly by: readonly string[],
    private readonly partitions: number,
  ) {}

  *parts(batch: Batch, tags: Tags): Iterable<[partition: number, rows: Batch]> {
    const whole = withTags(batch, this.by, tags);
    const { codes, keys } = rowKeys(whole, this.by);
    const targets = Int32Array.from(keys, (key) => this.partitionOf(key));
    if (targets.every((target) => target === targets[0])) {
      yield [targets[0]!, whole];
      return;
    }
    const of = new Int32Array(whole.rows);
    for (let i = 0; i < whole.rows; i++) of[i] = targets[codes[i]!]!;
    const { order, starts } = partitionRows(of, whole.rows, this.partitions);
    for (let p = 0; p < this.partitions; p++) {
      const [from, to] = [starts[p]!, starts[p + 1]!];
      if (to > from) yield [p, takeRows(whole, order.subarray(from, to), to - from)];
    }
  }

  private partitionOf(key: string): number {
    let partition = this.known.get(key);
    if (partition === undefined) {
      if (this.known.size >= KEYS_KNOWN_MAX) this.known.clear();
      this.known.set(key, (partition = partitionOf(key, this.partitions)));
    }
    return partition;
  }
}

/** Keys seen so far; more than this and they are forgotten, which only costs hashing again. */
const KEYS_KNOWN_MAX = 100_000;

function withTags(batch: Batch, by: readonly string[], tags: Tags): Batch {
  const names = by.filter((name) => batch.schema.indexOf(name) < 0 && Object.hasOwn(tags, name));
  if (names.length === 0) return batch;
  return {
    ...batch,
    schema: new Schema([...batch.schema.fields, ...names.map((name) => field(name, 'utf8'))]),
    columns: [
      ...batch.columns,
      ...names.map((name) => ({ values: new Int32Array(batch.rows), nulls: null, dictionary: [tags[name]!] })),
    ],
  };
}
