import { join } from 'node:path';
import { type Commit, DEAD_LETTERS_TOPIC, type RecordMeta } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import { rowsToJson } from '../../columnar/row-json.js';
import { threadWatch } from '../../processors/thread-watch.js';
import { encodeDeadLetter } from '../../schemas/dead-letter.js';
import { placeOf } from '../../sinks/delivery/row-spans.js';
import type { RefusedRow } from '../../sinks/delivery/store.js';
import type { BranchLaneSpec } from './lane.js';

/** Beyond this the oldest letters of a branch on the embedded bus go, counted. */
const LETTERS_BYTES_MAX = 1024 * 1024 * 1024;

/** Where the letters of a branch are on the embedded bus: a log of its own, since each log has one writer. */
export function lettersFolder(branchFolder: string): string {
  return join(branchFolder, 'letters');
}

/** Whether a letter is one of the branch's. */
export function isRefusedBy(branch: string, { writer }: Pick<RecordMeta, 'writer'>): boolean {
  return writer.startsWith(`refused ${branch} `);
}

/** Puts rows that a store has refused into the dead letters; what it needs is opened with the first of them. */
export class BranchLetters {
  private opened: Promise<{ begin(): Commit; close(): Promise<unknown> }> | null = null;

  constructor(private readonly spec: BranchLaneSpec) {}

  /** Durable when it resolves. */
  async write(rows: readonly RefusedRow[]): Promise<void> {
    this.opened ??= this.open();
    // A bus that could not be reached may be there the next time.
    this.opened.catch(() => (this.opened = null));
    const commit = (await this.opened).begin();
    for (const row of rows) this.append(commit, row);
    await commit.commit();
  }

  async close(): Promise<void> {
    const opened = await this.opened?.catch(() => null);
    this.opened = null;
    await opened?.close();
  }

  private append(commit: Commit, refused: RefusedRow): void {
    const { record, row, reason } = refused;
    const { batch, topic, partition, offset, key, receivedUs } = record;
    const { name, sink } = this.spec;
    const bytes = encodeDeadLetter({
      stream: batch.stream,
      code: 'sink-failed',
      reason: `sink ${name} (${sink.type}): ${reason}; ${placeOf(refused)}`,
      stage: 'sink',
      column: null,
      cell: null,
      expected: null,
      client: '',
      receivedUs,
      decoder: 'json',
      original: Buffer.from(rowsToJson(sliceRows(batch, row, row + 1))),
    });
    // Where a crash repeats it, a letter has the same origin. A log on one machine keeps no parts: the row is in the name.
    const meta = {
      kind: 'data' as const,
      key,
      stream: batch.stream,
      receivedUs,
      writer: `refused ${name} ${topic} ${row}`,
      sequence: offset,
      tags: '',
    };
    const value = { bytesMax: bytes.length, write: (target: Buffer, at: number) => at + bytes.copy(target, at) };
    commit.append(DEAD_LETTERS_TOPIC, partition, meta, value);
  }

  private async open(): Promise<{ begin(): Commit; close(): Promise<unknown> }> {
    const { kafka, folders, name, partitions } = this.spec;
    if (!kafka) {
      return LogBus.open({
        dir: lettersFolder(join(folders.branches, name)),
        partitions,
        sizeBytes: LETTERS_BYTES_MAX,
        whenFull: 'drop-oldest',
        owner: threadWatch.owner,
      });
    }
    return (await import('./kafka-letters.js')).openKafkaLetters(kafka, name);
  }
}
