import type { Schema } from '../columnar/schema.js';
import { PitwallError } from '../core/errors.js';
import type { Entity, EntityStream, Lane, Tags } from './entity.js';
import type { InputRecord } from './partition-graph.js';
import type { Route } from './routes.js';

/** Takes over the schema and the tags that a record brings. */
export function renew(entity: Entity, stream: EntityStream, record: InputRecord): void {
  if (record.schema === null) {
    throw new PitwallError('corrupt-record', `the record ${record.offset} of ${record.stream} has an unknown schema`, {
      stage: 'processor',
    });
  }
  stream.schema = record.schema;
  stream.tags = record.tags;
  for (const lane of [...stream.lanes, ...stream.lateLanes]) setTags(lane, { ...lane.captures, ...record.tags });
  entity.streams.set(stream.name, stream);
}

function setTags(lane: Lane, tags: Tags): void {
  lane.tags = tags;
  for (const behind of lane.next.values()) setTags(behind, tags);
}

export function newStream(entity: Entity, record: InputRecord, route: Route): EntityStream {
  const { stream: name, tags } = record;
  const laneTo = ({ node, captures }: Route['left'][number]) =>
    entity.lane(node, name, captures, { ...captures, ...tags });
  return {
    name,
    route,
    lanes: route.left.map(laneTo),
    lateLanes: route.late.map(laneTo),
    schema: record.schema!,
    tags,
    frontierUs: -Infinity,
    dueUs: Infinity,
    parts: [],
    offsets: [],
  };
}

export function sameSchema(a: Schema, b: Schema | null): boolean {
  return a === b || (b !== null && a.fingerprint === b.fingerprint);
}
