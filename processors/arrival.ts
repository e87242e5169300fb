import { sameTags } from '../core/same-tags.js';
import { type Entity, type EntityStream, firstUs, lastUs, type Part } from './entity.js';
import { advanced, type EntityBounds } from './entity-bounds.js';
import { newStream, renew, sameSchema } from './entity-stream.js';
import type { InputRecord } from './input-record.js';
import { RIGHT_ROWS_MAX } from './joining/join-state.js';
import type { Route } from './routes.js';

/** Instead of a deadline: the record is to be evaluated alone. */
export const ALONE = Number.NEGATIVE_INFINITY;

/** What a record is to its entity. */
export interface Arrival {
  stream: EntityStream;
  firstUs: number;
  lastUs: number;
  tagsChanged: boolean;
  /** Its stream, schema or tags are. */
  isNew: boolean;
}

/** Before it is fed. */
export function arrivalOf(entity: Entity, record: InputRecord, part: Part, route: Route): Arrival {
  const known = entity.streams.get(record.stream);
  const stream = known ?? newStream(entity, record, route);
  const tagsChanged = !sameTags(stream.tags, record.tags);
  const isNew = known === undefined || tagsChanged || !sameSchema(stream.schema, record.schema);
  return { stream, firstUs: firstUs(part), lastUs: lastUs(part), tagsChanged, isNew };
}

/** The clock at which the entity has something due once the record is fed; ALONE where it is to be evaluated alone. */
export function deadlineWith(
  bounds: EntityBounds,
  entity: Entity,
  part: Part,
  route: Route,
  { stream, firstUs, lastUs, isNew }: Arrival,
): number {
  if (
    isNew ||
    entity.careful ||
    route.right.some((join) => entity.correctable[join] === 1) ||
    firstUs < stream.frontierUs ||
    entity.rightRows + entity.fedRows + part.rows > RIGHT_ROWS_MAX
  ) {
    return ALONE;
  }
  const heldUs = mayLeave(route) ? Math.min(entity.heldUs, firstUs) : entity.heldUs;
  const frontiersUs = advanced(entity.rightFrontiersUs, route.right, lastUs);
  const deadlineUs = bounds.deadlineUs(entity, heldUs, frontiersUs, stream, lastUs);
  return Math.max(entity.latestUs, lastUs) >= deadlineUs ? ALONE : deadlineUs;
}

/** Adds a record to what its entity is evaluated with next; `totalUs` is the clock at which it came. */
export function feed(
  entity: Entity,
  record: InputRecord,
  part: Part,
  route: Route,
  { stream, firstUs, lastUs, isNew }: Arrival,
  totalUs: number,
): void {
  if (isNew) renew(entity, stream, record);
  entity.latestUs = Math.max(entity.latestUs, lastUs);
  entity.seenAtUs = totalUs;
  entity.receivedUs = record.receivedUs;
  stream.offsets.push(record.offset);
  if (stream.parts.push(part) === 1) entity.dirty.push(stream);
  stream.frontierUs = Math.max(stream.frontierUs, lastUs);
  entity.fedRows += part.rows;
  if (mayLeave(route)) entity.heldUs = Math.min(entity.heldUs, firstUs);
  for (const join of route.right) {
    entity.rightFrontiersUs[join] = Math.max(entity.rightFrontiersUs[join]!, lastUs);
  }
}

/** Whether its rows, and not only what a join finds among them, may come to a step. */
function mayLeave({ left, late }: Route): boolean {
  return left.length > 0 || late.length > 0;
}
