import type { Position, SinkBatch } from '../sink.js';
import { type KnownObject, KnownObjects } from './known-objects.js';
import { sourceOf } from './object-name.js';
import { OpenObject } from './open-object.js';
import type { PathTemplate } from './path-template.js';
import { comparePoints, type Point } from './point.js';

/** When an object is closed. */
export interface Roll {
  sizeBytes: number;
  rows: number;
  everyUs: number;
  /** Of all open objects of the partition: where they hold more, the largest is closed. */
  heldBytes: number;
}

const SOURCES_MAX = 10_000;

/**
 * The open objects of one partition of a topic, one for each stream and folder. The records alone decide when an object is
 * closed, so that a replay makes the same ones: by rows, bytes, other columns or tags, a record received `everyUs` after
 * its first one, and memory. Rows that are in a stored object are passed over, and one that was planned and may be in the
 * store or not is made with the same rows.
 */
export class PartitionObjects {
  /** The next offset to be fed. */
  fed = 0;
  known = new KnownObjects([], []);
  private readonly open = new Map<string, OpenObject>();
  private readonly sources = new Map<string, string>();
  private heldBytes = 0;
  /** Receive time at which the first open object is due. */
  private dueUs = Number.POSITIVE_INFINITY;
  private closed: OpenObject[] = [];

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly prefix: string,
    private readonly path: PathTemplate,
    private readonly roll: Roll,
  ) {}

  /** Takes a record, or without rows its receive time. */
  add(record: SinkBatch): void {
    this.fed = record.offset + 1;
    if (record.receivedUs >= this.dueUs) this.closeDue(record.receivedUs);
    if (record.batch.rows === 0) return;
    const source = this.sourceOf(record.batch.stream);
    this.path.cut(record.batch, record.tags, (folder, from, to) => {
      this.addRun(record, this.prefix + folder, source, from, to);
    });
  }

  /** Objects that were closed since the last call, in that order. */
  takeClosed(): OpenObject[] {
    const { closed } = this;
    if (closed.length > 0) this.closed = [];
    return closed;
  }

  closeAll(): void {
    for (const object of [...this.open.values()]) this.close(object);
  }

  /** Where it would have to be fed from if nothing that is open or closed but not taken counted. */
  get position(): Position {
    const { topic, partition } = this;
    let offset = this.fed;
    for (const { first } of this.open.values()) if (first.offset < offset) offset = first.offset;
    for (const { first } of this.closed) if (first.offset < offset) offset = first.offset;
    return { topic, partition, offset };
  }

  private addRun(record: SinkBatch, folder: string, source: string, start: number, to: number): void {
    const { offset } = record;
    for (let from = start; from < to; ) {
      const at = { offset, row: from };
      const known = this.known.next(folder, source, at);
      const isInside = known !== undefined && comparePoints(known.first, at) <= 0;
      let stop = to;
      if (isInside && known.last.offset === offset) stop = Math.min(to, known.last.row + 1);
      if (!isInside && known?.first.offset === offset) stop = Math.min(to, known.first.row);
      if (isInside && known.stored) this.endBefore(folder, source, at);
      else {
        if (isInside && comparePoints(known.first, at) === 0) this.endBefore(folder, source, at);
        const object = this.addRows(record, folder, source, from, stop, isInside ? known : null);
        const isWhole = isInside && known.last.offset === offset && known.last.row === stop - 1;
        if (isWhole) this.close(object);
        this.keepWithin(object);
      }
      from = stop;
    }
  }

  /** An object that was open ends where one begins that was there before. */
  private endBefore(folder: string, source: string, at: Point): void {
    const open = this.open.get(`${source} ${folder}`);
    if (open && comparePoints(open.first, at) < 0) this.close(open);
  }

  private addRows(
    record: SinkBatch,
    folder: string,
    source: string,
    from: number,
    to: number,
    known: KnownObject | null,
  ): OpenObject {
    const name = `${source} ${folder}`;
    let object = this.open.get(name);
    if (object && !object.takes(record)) {
      this.close(object);
      object = undefined;
    }
    if (!object) {
      const first = { offset: record.offset, row: from };
      const previous = this.known.begin(source, first);
      const isAgain = known !== null && comparePoints(known.first, first) === 0;
      object = new OpenObject(record, folder, source, first, isAgain ? known.previous : previous);
      this.open.set(name, object);
      this.dueUs = Math.min(this.dueUs, record.receivedUs + this.roll.everyUs);
    }
    this.heldBytes += object.add(record, from, to);
    return object;
  }

  private keepWithin(object: OpenObject): void {
    const { sizeBytes, rows, heldBytes } = this.roll;
    const isFull = object.rows.rows >= rows || object.rows.bytes >= sizeBytes;
    if (isFull && this.open.get(`${object.source} ${object.folder}`) === object) this.close(object);
    while (this.heldBytes > heldBytes) this.close(this.largest());
  }

  /** Among equals the one that was begun first. */
  private largest(): OpenObject {
    let largest: OpenObject | null = null;
    for (const object of this.open.values()) {
      const more = largest === null ? 1 : object.heldBytes - largest.heldBytes;
      if (more > 0 || (more === 0 && comparePoints(object.first, largest!.first) < 0)) largest = object;
    }
    return largest!;
  }

  private closeDue(receivedUs: number): void {
    const { everyUs } = this.roll;
    this.dueUs = Number.POSITIVE_INFINITY;
    for (const object of [...this.open.values()]) {
      const dueUs = object.openedUs + everyUs;
      if (receivedUs >= dueUs) this.close(object);
      else this.dueUs = Math.min(this.dueUs, dueUs);
    }
  }

  private close(object: OpenObject): void {
    this.open.delete(`${object.source} ${object.folder}`);
    this.heldBytes -= object.heldBytes;
    this.closed.push(object);
  }

  private sourceOf(stream: string): string {
    let source = this.sources.get(stream);
    if (source === undefined) {
      if (this.sources.size >= SOURCES_MAX) this.sources.clear();
      this.sources.set(stream, (source = sourceOf(this.topic, stream)));
    }
    return source;
  }
}
