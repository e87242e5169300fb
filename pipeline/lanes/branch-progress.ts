import type { Mark } from '../../bus/deduplicate.js';
import { Changelog } from '../../bus/kafka/changelog.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { clientOptions, type KafkaLane, topicsOf } from './kafka-lane.js';
import { madeAnew } from './lane-input.js';

const SAVE_MS = 5_000;

/** Where a branch is on a partition, and which rows it has taken up to there. */
export interface BranchPoint {
  offset: number;
  marks: Mark[];
  /** What the offset refers to. */
  identity: string;
}

/** One topic on one partition. */
interface Track {
  /** What the changelog has, or is about to get. */
  point: { offset: number; identity: string };
  /** Marks that changed, in the order of the records, and are not durable in the store yet. */
  pending: { offset: number; changes: Mark[] }[];
  changed: Map<string, Mark>;
  moved: boolean;
}

/** What the changelog of a partition holds. */
interface Copy {
  log: Changelog;
  facts: Map<string, Buffer>;
  /** The last save failed: what of it has arrived is not known. */
  failed: boolean;
}

/**
 * What a branch knows of its inputs in Kafka mode, so that another machine can go on with a partition: what is in its
 * store for certain, and the marks as they were there. It is never ahead of the store; where the store is ahead of it,
 * the records between are read once more for their marks.
 */
export class BranchProgress {
  private readonly tracks = new Map<string, Track>();
  private readonly points = new Map<string, BranchPoint>();
  private readonly copies = new Map<number, Copy>();
  private savedMs = performance.now();

  private constructor(
    private readonly writer: KafkaWriter,
    private readonly warn: (message: string) => void,
  ) {}

  static async open(
    kafka: KafkaLane,
    name: string,
    partitions: readonly number[],
    warn: (message: string) => void,
  ): Promise<BranchProgress> {
    const options = clientOptions(kafka, `branch-${name}`);
    const writer = new KafkaWriter(kafka.connection, options);
    const progress = new BranchProgress(writer, warn);
    try {
      for (const partition of partitions) await progress.restore(kafka, name, partition, warn);
      return progress;
    } catch (error) {
      await progress.close();
      throw error;
    }
  }

  /**
   * Where the branch was, here or elsewhere, to go on from there. Of a topic that was deleted and made anew only the marks
   * count.
   */
  restored(topic: string, partition: number, identity: string): BranchPoint {
    const point = this.point(topic, partition);
    if (point.identity !== '' && point.identity !== identity) this.warn(madeAnew(topic, partition));
    if (point.identity !== identity) Object.assign(point, { offset: 0, identity });
    return point;
  }

  /** Goes back: the marks of what came before count no more. */
  async rewind(topic: string, partition: number, offset: number): Promise<void> {
    const point = this.point(topic, partition);
    Object.assign(point, { offset, marks: [] });
    this.tracks.delete(`${topic}/${partition}`);
    const copy = this.copies.get(partition)!;
    for (const name of [...copy.facts.keys()]) if (name.startsWith(`${topic}\0`)) copy.facts.delete(name);
    copy.facts.set(topic, Buffer.from(JSON.stringify({ offset, identity: point.identity })));
    await copy.log.begin(copy.facts);
  }

  /** A record was read, and changed these marks. */
  took(topic: string, partition: number, offset: number, changes: Mark[]): void {
    if (changes.length > 0) this.track(topic, partition).pending.push({ offset, changes });
  }

  /** Everything before `offset` is in the store. */
  durable(topic: string, partition: number, offset: number): void {
    const track = this.track(topic, partition);
    if (offset <= track.point.offset) return;
    track.point.offset = offset;
    track.moved = true;
    let passed = 0;
    while (passed < track.pending.length && track.pending[passed]!.offset < offset) {
      for (const mark of track.pending[passed++]!.changes) track.changed.set(mark[0], mark);
    }
    track.pending.splice(0, passed);
  }

  async saveIfDue(): Promise<void> {
    if (performance.now() - this.savedMs >= SAVE_MS) await this.save();
  }

  /** A save that fails is made up for by the next; only when another process has taken the branch over it throws. */
  async save(): Promise<void> {
    this.savedMs = performance.now();
    // Side by side, since each may have to wait for a broker that is silent.
    const saved = await Promise.allSettled(
      [...this.copies].map(([partition, copy]) => this.savePartition(partition, copy)),
    );
    for (const each of saved) if (each.status === 'rejected') throw each.reason;
  }

  private async savePartition(partition: number, copy: Copy): Promise<void> {
    const moved = [...this.tracks].filter(([name, { moved }]) => moved && name.endsWith(`/${partition}`));
    if (moved.length === 0) return;
    const delta = moved.flatMap(([name, track]) => facts(name, track));
    for (const [, track] of moved) {
      track.changed.clear();
      track.moved = false;
    }
    for (const [key, value] of delta) copy.facts.set(key, value);
    await this.saveTo(copy, partition, delta);
  }

  private async saveTo(copy: Copy, partition: number, delta: [string, Buffer][]): Promise<void> {
    try {
      await (copy.failed ? copy.log.begin(copy.facts) : copy.log.save(delta));
      copy.failed = false;
    } catch (error) {
      copy.failed = true;
      if (copy.log.superseded) throw error;
      this.warn(`the changelog of partition ${partition} lags behind: ${(error as Error).message}`);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.copies.values()].map(({ log }) => log.close()));
    await this.writer.close();
  }

  private async restore(
    kafka: KafkaLane,
    name: string,
    partition: number,
    warn: (message: string) => void,
  ): Promise<void> {
    const { connection, instance } = kafka;
    const { log, restored } = await Changelog.open({
      connection,
      options: clientOptions(kafka, `branch-${name}`),
      topic: topicsOf(kafka).changelog,
      partition,
      unit: `branch ${name}`,
      instance,
      writer: this.writer,
      ownGeneration: null,
      warn,
    });
    const facts = restored ?? new Map<string, Buffer>();
    this.copies.set(partition, { log, facts, failed: false });
    await log.begin(facts);
    for (const [key, value] of facts) {
      const [topic, origin] = key.split('\0', 2) as [string, string | undefined];
      const point = this.point(topic, partition);
      if (origin === undefined) Object.assign(point, JSON.parse(value.toString()) as Partial<BranchPoint>);
      else point.marks.push([origin, ...(JSON.parse(value.toString()) as [number, number])]);
    }
  }

  private point(topic: string, partition: number): BranchPoint {
    const name = `${topic}/${partition}`;
    let point = this.points.get(name);
    if (!point) this.points.set(name, (point = { offset: 0, marks: [], identity: '' }));
    return point;
  }

  private track(topic: string, partition: number): Track {
    const name = `${topic}/${partition}`;
    let track = this.tracks.get(name);
    if (!track) {
      const { offset, identity } = this.point(topic, partition);
      this.tracks.set(name, (track = { point: { offset, identity }, pending: [], changed: new Map(), moved: false }));
    }
    return track;
  }
}

function facts(name: string, { point, changed }: Track): [string, Buffer][] {
  const topic = name.slice(0, name.lastIndexOf('/'));
  return [
    [topic, Buffer.from(JSON.stringify(point))],
    ...[...changed.values()].map(([origin, sequence, row]): [string, Buffer] => {
      return [`${topic}\0${origin}`, Buffer.from(JSON.stringify([sequence, row]))];
    }),
  ];
}
