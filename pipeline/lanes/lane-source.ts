import type { BusReader, BusRecord, ReadRun } from '../../bus/bus.js';
import type { Schema } from '../../columnar/schema.js';
import type { Position } from '../../sinks/sink.js';
import type { ProcessorPosition } from './processor-groups.js';

/** What the processors of a partition read: records in an order that is theirs for good, from a position on. */
export interface LaneSource {
  /** What positions refer to; of a topic that was deleted and made anew it is another. */
  readonly identity: string;
  /**
   * The records from `at` on, up to about `bytesMax`, and not beyond `until`, as `BusReader.read` gives them. Their
   * values are views, valid until the next read.
   */
  read(at: ProcessorPosition, bytesMax: number, until?: ProcessorPosition): Promise<SourceRun>;
  /** The least position that lies before none of these. */
  furthest(positions: readonly ProcessorPosition[]): ProcessorPosition;
  /** Records from `at` on. */
  behind(at: ProcessorPosition): Promise<number>;
  /** As the bus counts, for what may be dropped there. */
  positions(at: ProcessorPosition): Position[];
  schema(fingerprint: number): Schema | undefined;
  /** Waits for more; only where nobody wakes its readers. */
  wait?: (waitMs: number) => Promise<boolean>;
  close(): Promise<void>;
}

export interface SourceRun extends Omit<ReadRun, 'next'> {
  next: ProcessorPosition;
}

/** One partition of a topic. */
export class TopicSource implements LaneSource {
  readonly wait: LaneSource['wait'];

  constructor(
    private readonly bus: BusReader,
    readonly identity: string,
    private readonly topic: string,
    private readonly partition: number,
  ) {
    this.wait = bus.wait?.bind(bus);
  }

  async read(at: ProcessorPosition, bytesMax: number, until?: ProcessorPosition): Promise<SourceRun> {
    const run = await this.bus.read(this.topic, this.partition, at.offset, bytesMax);
    if (!until) return { ...run, next: moved(at, run.next, run.records) };
    const records = run.records.filter((record) => record.offset < until.offset);
    const offset = run.records.length === 0 ? until.offset : Math.min(until.offset, run.next);
    return { ...run, records, next: moved(at, offset, records) };
  }

  furthest(positions: readonly ProcessorPosition[]): ProcessorPosition {
    return positions.reduce((most, at) => (at.offset > most.offset ? at : most));
  }

  async behind({ offset }: ProcessorPosition): Promise<number> {
    const { bus, topic, partition } = this;
    return bus.behind?.(topic, partition, offset) ?? (await bus.end(topic, partition)) - offset;
  }

  positions({ offset }: ProcessorPosition): Position[] {
    return [{ topic: this.topic, partition: this.partition, offset }];
  }

  schema(fingerprint: number): Schema | undefined {
    return this.bus.schema(fingerprint);
  }

  close(): Promise<void> {
    return this.bus.close();
  }
}

/** Receive time does not go back: records behind a group step come from several partitions. */
export function moved(at: ProcessorPosition, offset: number, records: readonly BusRecord[]): ProcessorPosition {
  let { receivedUs } = at;
  for (const record of records) receivedUs = Math.max(receivedUs, record.receivedUs);
  return { ...at, offset, receivedUs };
}
