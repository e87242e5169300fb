import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BusRecord } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import type { Schema } from '../../columnar/schema.js';
import type { Position } from '../../sinks/sink.js';
import type { ProcessorLaneSpec } from './lane.js';
import { inputPositions } from './lane-reads.js';
import { type LaneSource, moved, type SourceRun } from './lane-source.js';
import { outputFolder, sourceTopic } from './output-folder.js';
import type { ProcessorPosition } from './processor-groups.js';

/**
 * A partition of a group step's topic on the embedded bus: the log of each partition holds what is sent from there, and
 * the share of one partition is taken from all of them, by receive time as far as it is there. A position says how far
 * each log was read; its `offset` is the sum of that.
 */
export class GroupSource implements LaneSource {
  readonly identity: string;
  private readonly logs: (LogBus | null)[];

  constructor(private readonly spec: ProcessorLaneSpec) {
    this.identity = `group ${spec.input}`;
    this.logs = new Array(spec.partitions).fill(null);
  }

  async read(at: ProcessorPosition, bytesMax: number, until?: ProcessorPosition): Promise<SourceRun> {
    this.open();
    const { input, partition, partitions } = this.spec;
    const sources = sourcesOf(at, partitions);
    const runs: BusRecord[][] = [];
    let dropped = 0;
    let restarted = false;
    this.logs.forEach((log, from) => {
      const topic = sourceTopic(input, from);
      const end = log?.end(topic, partition) ?? 0;
      if (end < sources[from]!) {
        // The log was deleted and made anew.
        sources[from] = 0;
        restarted = true;
      }
      const limit = until?.sources?.[from] ?? Number.POSITIVE_INFINITY;
      if (log === null || sources[from]! >= limit) return;
      const run = log.read(topic, partition, sources[from]!, Math.ceil(bytesMax / partitions));
      dropped += run.dropped;
      runs.push(run.records.filter(({ offset }) => offset < limit));
      sources[from] = Math.min(limit, run.next);
    });
    const records = merged(runs).map((record, i) => ({ ...record, offset: at.offset + i }));
    const offset = until && records.length === 0 ? until.offset : total(sources);
    const next = { ...moved(at, offset, records), sources };
    return restarted ? { records, next, dropped, restarted } : { records, next, dropped };
  }

  furthest(positions: readonly ProcessorPosition[]): ProcessorPosition {
    const sources = Array.from({ length: this.spec.partitions }, (_, from) =>
      Math.max(...positions.map((at) => at.sources?.[from] ?? 0)),
    );
    return { ...positions[0]!, offset: total(sources), sources };
  }

  async behind(at: ProcessorPosition): Promise<number> {
    this.open();
    const sources = sourcesOf(at, this.spec.partitions);
    const ends = this.logs.map((log, from) => log?.end(sourceTopic(this.spec.input, from), this.spec.partition) ?? 0);
    return total(ends.map((end, from) => Math.max(0, end - sources[from]!)));
  }

  positions(at: ProcessorPosition): Position[] {
    return inputPositions(this.spec, at.offset, sourcesOf(at, this.spec.partitions));
  }

  schema(fingerprint: number): Schema | undefined {
    for (const log of this.logs) {
      const schema = log?.schema(fingerprint);
      if (schema) return schema;
    }
    return undefined;
  }

  async close(): Promise<void> {
    for (const log of this.logs.splice(0)) await log?.close();
  }

  /**
   * The logs that are there. With the first read and not before: within a process a log cannot be opened for writing after
   * it was for reading.
   */
  private open(): void {
    const { folders, level, partitions } = this.spec;
    for (let from = 0; from < partitions; from++) {
      const dir = outputFolder(folders, from, level - 1);
      if (this.logs[from] || !existsSync(join(dir, 'data.mdb'))) continue;
      this.logs[from] = LogBus.open({ dir, partitions, readOnly: true });
    }
  }
}

function sourcesOf(at: ProcessorPosition, partitions: number): number[] {
  return Array.from({ length: partitions }, (_, from) => at.sources?.[from] ?? 0);
}

/** By receive time, those of one log in their order. */
function merged(runs: readonly BusRecord[][]): BusRecord[] {
  const some = runs.filter((run) => run.length > 0);
  if (some.length <= 1) return some[0] ?? [];
  const next = some.map(() => 0);
  const out: BusRecord[] = [];
  for (;;) {
    let first = -1;
    for (let r = 0; r < some.length; r++) {
      const record = some[r]![next[r]!];
      if (record && (first < 0 || record.receivedUs < some[first]![next[first]!]!.receivedUs)) first = r;
    }
    if (first < 0) return out;
    out.push(some[first]![next[first]!++]!);
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
