import type { Entity, EntityStream } from './entity.js';
import type { GraphJoin, GraphState } from './node.js';

/**
 * What may happen next in an entity, and when: bounds that say which records may be taken together, and when time alone
 * makes something leave.
 */
export class EntityBounds {
  /**
   * Rows of a step with state come to a join: they are in no order that holds however records are grouped. Or they come
   * to a step with state at times that their records do not tell.
   */
  private readonly careful: boolean;
  private readonly anyDirect: boolean;

  constructor(
    private readonly joins: readonly GraphJoin[],
    private readonly states: readonly GraphState[],
  ) {
    this.anyDirect = states.some(({ direct }) => direct);
    this.careful = states.some(
      ({ feedsJoin, feedsState, operator }) => feedsJoin || (feedsState && operator.timesChange === true),
    );
  }

  /**
   * The clock at which something could expire or fall due at the earliest, once rows of `heldUs` and later are added:
   * those of the parts, and those of `next` up to `lastUs`.
   */
  deadlineUs(
    entity: Entity,
    heldUs: number,
    rightFrontiersUs: Float64Array,
    next: EntityStream,
    lastUs: number,
  ): number {
    let deadlineUs = Math.min(entity.dueUs, this.anyDirect ? directDueUs(entity, next, lastUs) : Infinity);
    if (heldUs === Infinity) return deadlineUs;
    for (let j = 0; j < this.joins.length; j++) {
      deadlineUs = Math.min(deadlineUs, entity.joins[j]!.expiryUs(heldUs, rightFrontiersUs[j]!));
    }
    for (const { operator, shiftUs, direct } of this.states) {
      if (direct) continue;
      deadlineUs = Math.min(deadlineUs, operator.dueOf(heldUs - shiftUs));
    }
    return deadlineUs;
  }

  /**
   * Brings the bounds of an entity up to date after its joins and states changed. Gives the clock at which, without
   * another record, something expires or falls due.
   */
  settle(entity: Entity): number {
    entity.fedRows = 0;
    entity.rightRows = 0;
    entity.heldUs = Infinity;
    entity.careful = this.careful;
    const expiryUs = this.settleJoins(entity);
    const dueUs = this.settleStates(entity);
    return Math.min(expiryUs, dueUs);
  }

  private settleJoins(entity: Entity): number {
    let firstUs = Infinity;
    const held = entity.joins.reduce((rows, join) => rows + join.heldRows, 0);
    entity.joins.forEach((join, j) => {
      const { heldUs, right } = join;
      entity.heldUs = Math.min(entity.heldUs, heldUs);
      if (heldUs < Infinity) firstUs = Math.min(firstUs, join.expiryUs(heldUs, right.frontierUs));
      // Rows that wait in one join may become right rows of another.
      const coming = 'node' in this.joins[j]!.right ? held : 0;
      entity.rightRows = Math.max(entity.rightRows, right.rows + coming);
      entity.rightFrontiersUs[j] = right.frontierUs;
      entity.correctable[j] = join.isCorrectable ? 1 : 0;
      // What comes out of a processor may be right rows, whatever record causes it.
      if (join.isCorrectable && 'node' in this.joins[j]!.right) entity.careful = true;
      if (join.isOutOfOrder || this.rightLanes(entity, j) > 1) entity.careful = true;
    });
    return firstUs;
  }

  private settleStates(entity: Entity): number {
    let firstUs = Infinity;
    entity.dueUs = Infinity;
    if (this.anyDirect) for (const stream of entity.streams.values()) stream.dueUs = Infinity;
    entity.states.forEach((lanes, s) => {
      const { direct, feedsJoin, feedsState } = this.states[s]!;
      for (const [lane, state] of lanes) {
        const { dueUs } = state;
        firstUs = Math.min(firstUs, dueUs);
        // A lane that rows of a stream come to as they are has its name.
        const of = direct ? entity.streams.get(lane.id)! : entity;
        of.dueUs = Math.min(of.dueUs, dueUs);
        if (feedsJoin || feedsState) entity.heldUs = Math.min(entity.heldUs, state.heldUs);
      }
    });
    return firstUs;
  }

  /** From how many streams the right rows of a join come: those of several are in no common order. */
  private rightLanes(entity: Entity, join: number): number {
    const { right } = this.joins[join]!;
    if ('node' in right) return entity.lanes[right.node]!.size;
    let count = 0;
    for (const { route } of entity.streams.values()) if (route.right.includes(join)) count++;
    return count;
  }
}

/**
 * As `deadlineUs`, of the steps to which rows of streams come as they are: what those that are fed leave due lies behind
 * their latest row.
 */
function directDueUs(entity: Entity, next: EntityStream, lastUs: number): number {
  let dueUs = Infinity;
  for (const stream of entity.streams.values()) {
    if (stream !== next && stream.parts.length === 0) dueUs = Math.min(dueUs, stream.dueUs);
    else {
      const latestUs = stream === next ? Math.max(stream.frontierUs, lastUs) : stream.frontierUs;
      for (const step of stream.route.direct) dueUs = Math.min(dueUs, step.dueAfter!(latestUs));
    }
  }
  return dueUs;
}

/** The frontiers with those of the joins moved to a time. */
export function advanced(frontiersUs: Float64Array, joins: readonly number[], timeUs: number): Float64Array {
  if (joins.length === 0) return frontiersUs;
  const moved = frontiersUs.slice();
  for (const join of joins) moved[join] = Math.max(frontiersUs[join]!, timeUs);
  return moved;
}
