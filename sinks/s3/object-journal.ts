import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StoreFault } from '../delivery/store-fault.js';
import { Journal, syncFolder } from '../journal.js';
import { Positions } from '../positions.js';
import type { Position } from '../sink.js';
import type { KnownObject } from './known-objects.js';
import { comparePoints, type Point } from './point.js';

/** An object of a topic, which was planned before it was sent. */
export interface PlannedObject extends KnownObject {
  topic: string;
}

interface FirstOfSource {
  topic: string;
  partition: number;
  source: string;
  first: Point;
}

/** `layout` says where the objects are; `owner` whose memory this is. */
type Entry =
  | { owner: string; layout: string }
  | { planned: PlannedObject[] }
  | { stored: string[]; positions: Position[] }
  | { firsts: FirstOfSource[] };

const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;

/**
 * What the sink remembers on this machine: the positions; objects that were planned, noted before they are sent, and which
 * of them are in the store; and for each stream the first row of its last object before that. Objects that end before the
 * position are forgotten, as their rows are not fed again.
 */
export class ObjectJournal {
  owner = '';
  private readonly journal: Journal<Entry>;
  private positions = new Positions();
  private objects = new Map<string, PlannedObject>();
  private firsts = new Map<string, FirstOfSource>();
  private readonly pending = new Set<PlannedObject>();
  private unsaved: string[] = [];
  private layout = '';
  private saved = '';

  constructor(private readonly folder: string) {
    this.journal = new Journal(join(folder, 'objects'), true);
  }

  open(layout: string): void {
    mkdirSync(this.folder, { recursive: true });
    this.positions = new Positions();
    this.objects.clear();
    this.firsts.clear();
    this.unsaved = [];
    this.owner = this.layout = '';
    for (const entry of this.journal.open()) this.take(entry);
    syncFolder(this.folder);
    this.prune();
    if (this.owner === '') this.owner = randomUUID();
    if (this.layout !== '' && this.layout !== layout) this.moveTo(layout);
    this.layout = layout;
    this.pending.clear();
    for (const object of this.objects.values()) if (!object.stored) this.pending.add(object);
    this.compact();
  }

  /** Objects of which it is not known that they are in the store. */
  get unsettled(): readonly PlannedObject[] {
    return [...this.pending];
  }

  listPositions(): Position[] {
    return this.positions.list();
  }

  positionOf(topic: string, partition: number): number {
    return this.positions.get(topic, partition) ?? 0;
  }

  objectsOf(topic: string, partition: number): PlannedObject[] {
    return [...this.objects.values()].filter((each) => each.topic === topic && each.partition === partition);
  }

  firstsOf(topic: string, partition: number): FirstOfSource[] {
    return [...this.firsts.values()].filter((each) => each.topic === topic && each.partition === partition);
  }

  /** Durable when it returns. */
  plan(objects: readonly PlannedObject[], firsts: readonly FirstOfSource[] = []): void {
    if (objects.length > 0) this.append({ planned: [...objects] });
    if (firsts.length > 0) this.append({ firsts: [...firsts] });
  }

  /** It is in the store; written with the next positions, and before that found out again after a crash. */
  stored(key: string): void {
    const object = this.objects.get(key)!;
    object.stored = true;
    this.pending.delete(object);
    this.unsaved.push(key);
  }

  /** Takes the positions to which a sink has been fed; returns, and keeps, those before which all is in the store. */
  save(fed: readonly Position[]): Position[] {
    const first = new Map<string, number>();
    for (const { topic, partition, first: at } of this.pending) {
      const name = `${partition} ${topic}`;
      first.set(name, Math.min(first.get(name) ?? Number.POSITIVE_INFINITY, at.offset));
    }
    const positions = fed.map(({ topic, partition, offset }) => {
      return { topic, partition, offset: Math.min(offset, first.get(`${partition} ${topic}`) ?? offset) };
    });
    const text = JSON.stringify(positions);
    if (text !== this.saved || this.unsaved.length > 0) {
      this.append({ stored: this.unsaved.splice(0), positions });
      this.saved = text;
      if (this.journal.bytes > JOURNAL_BYTES_MAX) this.compact();
    }
    return positions;
  }

  close(): void {
    this.journal.close();
  }

  private append(entry: Entry): void {
    this.journal.append(entry);
    this.take(entry);
  }

  private take(entry: Entry): void {
    if ('owner' in entry) {
      this.owner = entry.owner;
      this.layout = entry.layout;
    } else if ('planned' in entry) {
      for (const object of entry.planned) {
        const before = this.objects.get(object.key);
        if (before) this.pending.delete(before);
        this.objects.set(object.key, object);
        if (!object.stored) this.pending.add(object);
      }
    } else if ('firsts' in entry) for (const first of entry.firsts) this.keepFirst(first);
    else {
      for (const key of entry.stored) {
        const object = this.objects.get(key);
        if (object) object.stored = true;
      }
      for (const { topic, partition, offset } of entry.positions) this.positions.set(topic, partition, offset);
    }
  }

  private keepFirst({ topic, partition, source, first }: FirstOfSource): void {
    const name = `${partition} ${source} ${topic}`;
    const known = this.firsts.get(name);
    if (!known || comparePoints(known.first, first) < 0) this.firsts.set(name, { topic, partition, source, first });
  }

  private prune(): void {
    for (const object of this.objects.values()) {
      if (object.last.offset >= this.positionOf(object.topic, object.partition)) continue;
      this.objects.delete(object.key);
      this.keepFirst(object);
    }
  }

  private moveTo(layout: string): void {
    if (this.objects.size > 0) {
      const what = `what is written was changed from ${this.layout} to ${layout} while objects were open`;
      throw new StoreFault('setup', `${what}; start once more with what it was, stop in order, and change it then`);
    }
    this.firsts.clear();
  }

  private compact(): void {
    this.prune();
    const { owner, layout } = this;
    const entries: Entry[] = [
      { owner, layout },
      { stored: [], positions: this.positions.list() },
    ];
    if (this.firsts.size > 0) entries.push({ firsts: [...this.firsts.values()] });
    if (this.objects.size > 0) entries.push({ planned: [...this.objects.values()] });
    this.journal.replace(entries);
    this.unsaved = [];
    this.saved = JSON.stringify(this.positions.list());
  }
}
