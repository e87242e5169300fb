import type { Entity } from './entity.js';

interface Entry {
  atUs: number;
  entity: Entity;
}

/**
 * The entities that have something to expire, by when the receive clock is there: a heap, so that of many entities only
 * those are looked at whose time has come. A deadline that moves away leaves its entry where it is until that is reached.
 */
export class Deadlines {
  private readonly heap: Entry[] = [];

  /** Takes note of the deadline of an entity, which has changed. */
  add(entity: Entity): void {
    if (entity.deadlineTotalUs >= entity.queuedTotalUs) return;
    entity.queuedTotalUs = entity.deadlineTotalUs;
    this.push({ atUs: entity.deadlineTotalUs, entity });
  }

  /** Before this time of the receive clock nothing expires. */
  get nextUs(): number {
    return this.heap[0]?.atUs ?? Infinity;
  }

  /** Takes out the entities whose deadline has come. */
  take(totalUs: number): Entity[] {
    const due: Entity[] = [];
    while (this.nextUs <= totalUs) {
      const { atUs, entity } = this.pop();
      if (atUs !== entity.queuedTotalUs) continue;
      entity.queuedTotalUs = Infinity;
      if (entity.deadlineTotalUs <= totalUs) due.push(entity);
      else this.add(entity);
    }
    return due;
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (heap[above]!.atUs <= entry.atUs) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  private pop(): Entry {
    const { heap } = this;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.atUs < heap[below]!.atUs) below++;
      if (heap[below]!.atUs >= last.atUs) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}
