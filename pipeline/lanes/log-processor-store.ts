import type { Commit } from '../../bus/bus.js';
import type { LogBus } from '../../bus/log/log-bus.js';
import type { Position } from '../../sinks/sink.js';
import { logIdentity } from '../log-identity.js';
import type { ProcessorLaneSpec } from './lane.js';
import { outputFolder } from './output-folder.js';
import { closeOutputLog, openOutputLog } from './output-logs.js';
import type { ProcessorStore } from './processor-store.js';

/** The embedded log of a partition's processors: outputs, positions and state in one transaction. */
export class LogProcessorStore implements ProcessorStore {
  private retaining = false;

  private constructor(
    private readonly log: LogBus,
    private readonly dir: string,
    private readonly bytesMax: number | null,
  ) {}

  static async open(spec: ProcessorLaneSpec): Promise<LogProcessorStore> {
    const { folders, partition, partitions, level, outputBytesMax } = spec;
    const dir = outputFolder(folders, partition, level);
    const log = openOutputLog({
      dir,
      partitions,
      // Below what a step takes for full, so that a full log has something to drop.
      sizeBytes: outputBytesMax === null ? null : outputBytesMax - 1,
      whenFull: 'hold',
    });
    await logIdentity(log);
    return new LogProcessorStore(log, dir, outputBytesMax);
  }

  begin(): Commit {
    return this.log.begin();
  }

  fact(table: string, key: string): Buffer | undefined {
    return this.log.fact(table, key);
  }

  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]> {
    return this.log.facts(table, prefix);
  }

  hold(positions: readonly Position[]): void {
    for (const { topic, partition, offset } of positions) this.log.hold('branches', topic, partition, offset);
    if (!this.retaining) this.log.startRetention();
    this.retaining = true;
  }

  /**
   * A commit to a full log would wait for holds to move, which only a step brings: so a step that finds it full drops
   * what can go, with a commit of facts alone, which never waits, and runs the graph only when that has made room.
   */
  async makeRoom(keep: (commit: Commit) => void): Promise<boolean> {
    const bytesMax = this.bytesMax ?? Number.POSITIVE_INFINITY;
    for (let before = Number.POSITIVE_INFINITY; this.log.storedBytes >= bytesMax; ) {
      if (this.log.storedBytes === before) return false;
      before = this.log.storedBytes;
      const commit = this.log.begin();
      keep(commit);
      await commit.commit();
    }
    return true;
  }

  async handOver(): Promise<void> {}

  close(): Promise<void> {
    return closeOutputLog(this.dir);
  }
}
