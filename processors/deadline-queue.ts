import type { Entity } from './entity.js';

/**
 * Entities by the receive time at which something in them expires or falls due: a binary heap. A deadline that moves
 * back only costs a look when the old one is reached, so nothing is taken out of the middle.
 */
export class DeadlineQueue {
  private readonly times: number[] = [];
  private readonly entities: Entity[] = [];

  /** The earliest time at which there may be something. */
  get firstTotalUs(): number {
    return this.times[0] ?? Infinity;
  }

  /** Tells that the deadline of an entity has changed. */
  set(entity: Entity): void {
    const { deadlineTotalUs } = entity;
    if (deadlineTotalUs >= entity.queuedTotalUs) return;
    entity.queuedTotalUs = deadlineTotalUs;
    this.push(deadlineTotalUs, entity);
  }

  /** Takes out an entity whose deadline has been reached; null when there is none. */
  take(totalUs: number): Entity | null {
    while (this.firstTotalUs <= totalUs) {
      const time = this.times[0]!;
      const entity = this.entities[0]!;
      this.pop();
      // An earlier deadline was put in later, and has been here.
      if (time !== entity.queuedTotalUs) continue;
      entity.queuedTotalUs = Infinity;
      if (entity.deadlineTotalUs <= totalUs) return entity;
      this.set(entity);
    }
    return null;
  }

  private push(time: number, entity: Entity): void {
    const { times, entities } = this;
    let at = times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent]! <= time) break;
      times[at] = times[parent]!;
      entities[at] = entities[parent]!;
      at = parent;
    }
    times[at] = time;
    entities[at] = entity;
  }

  private pop(): void {
    const { times, entities } = this;
    const time = times.pop()!;
    const entity = entities.pop()!;
    const length = times.length;
    if (length === 0) return;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && times[child + 1]! < times[child]!) child++;
      if (times[child]! >= time) break;
      times[at] = times[child]!;
      entities[at] = entities[child]!;
      at = child;
    }
    times[at] = time;
    entities[at] = entity;
  }
}
