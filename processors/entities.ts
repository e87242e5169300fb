import type { Entity } from './entity.js';

/** Entities kept in memory though nothing waits in them: a few hundred bytes to some kB each. */
export const IDLE_ENTITIES_MAX = 20_000;

export interface LateRows {
  /** Left and right rows of joins that came after what was released before. */
  left: number;
  right: number;
  /** Rows that changed nothing in a step with state. */
  steps: number;
}

/**
 * The entities of a partition. Those that were not used for longest, and in which nothing waits for time, are left to the
 * store where there are many, and loaded again when a row of theirs comes.
 */
export class Entities {
  /** Those whose state is not what the store has. */
  readonly changed = new Set<Entity>();
  private readonly known = new Map<string, Entity>();
  private run = 0;
  private readonly lateOfGone: LateRows = { left: 0, right: 0, steps: 0 };
  private correctedOfGone = 0;

  constructor(
    private readonly make: (key: string) => Entity,
    /** Gives an entity the state that the store has of it; null = all are kept in memory. */
    private readonly load: ((entity: Entity) => void) | null,
    private readonly idleMax: number,
  ) {}

  get(key: string): Entity {
    let entity = this.known.get(key);
    if (!entity) {
      entity = this.make(key);
      this.known.set(key, entity);
      this.load?.(entity);
    }
    entity.usedIn = this.run;
    return entity;
  }

  /** One that is in memory, without use of it. */
  peek(key: string): Entity | undefined {
    return this.known.get(key);
  }

  /** One that was restored. */
  add(entity: Entity): void {
    this.known.set(entity.key, entity);
  }

  /** A new run begins, and what has changed is in the store. Lets go of entities when there are too many. */
  begin(): void {
    this.run++;
    if (this.load === null || this.known.size <= this.idleMax) return;
    const idle: Entity[] = [];
    for (const entity of this.known.values()) {
      if (entity.deadlineTotalUs === Infinity && !this.changed.has(entity)) idle.push(entity);
    }
    idle.sort((a, b) => a.usedIn - b.usedIn);
    // Some more than there are too many, so that this is not done for each new one.
    for (const entity of idle.slice(0, this.known.size - Math.floor(this.idleMax * 0.9))) {
      count(this.lateOfGone, entity);
      this.correctedOfGone += corrected(entity);
      this.known.delete(entity.key);
    }
  }

  get correctedRows(): number {
    let rows = this.correctedOfGone;
    for (const entity of this.known.values()) rows += corrected(entity);
    return rows;
  }

  get lateRows(): LateRows {
    const late = { ...this.lateOfGone };
    for (const entity of this.known.values()) count(late, entity);
    return late;
  }
}

function count(late: LateRows, { joins, states }: Entity): void {
  for (const join of joins) {
    late.left += join.lateLeftRows;
    late.right += join.lateRightRows;
  }
  for (const lanes of states) for (const state of lanes.values()) late.steps += state.lateRows;
}

function corrected({ joins }: Entity): number {
  return joins.reduce((rows, join) => rows + join.correctedRows, 0);
}
