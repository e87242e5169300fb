import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { type Field, Schema } from '../columnar/schema.js';
import type { Entity, Lane, Tags } from './entity.js';
import type { JoinState } from './joining/join-state.js';
import type { GraphJoin, GraphState } from './node.js';
import type { ProcessorPlan } from './plan.js';
import type { ReceiveClock, WriterClock } from './receive-clock.js';
import type { Routes } from './routes.js';

/** Raised when the form of the state changes: older state is dropped then. */
const VERSION = 2;
/** The form before rows were counted. */
const UNCOUNTED_VERSION = 1;
const PARTITION_KEY = 'partition';
const ENTITY = 'entity/';
const JOIN = 'join/';
const STATE = 'state/';

/** The start and the end of a lane's key, and the piece between them. */
const LANE_KEY = /^(state\/[^/]*\/\d+\/\d+\/)([\w.-]+)\/(.*)$/s;

interface PartitionState {
  version: number;
  plans: string;
  totalUs: number;
  lastUs: number;
  writers: WriterClock[];
  /** Names the line of states this one comes from: see `PartitionGraph.epoch`. */
  epoch: string;
}

interface EntityState {
  latestUs: number;
  seenAtUs: number;
  receivedUs: number;
  streams: { name: string; fields: readonly Field[]; tags: Tags; frontierUs: number }[];
  lanes: {
    node: number;
    id: string;
    captures: Tags;
    tags: Tags;
    rows: number;
    next: [node: number, id: string][];
    /** Dead letters by step; absent where there are none. */
    letters?: [step: number, count: number][];
  }[];
}

export function planHash(plans: readonly ProcessorPlan[]): string {
  const sorted = [...plans].sort((a, b) => (a.name < b.name ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

export function partitionState(hash: string, clock: ReceiveClock, epoch: string): [string, Uint8Array] {
  const { totalUs, lastUs } = clock;
  const state: PartitionState = { version: VERSION, plans: hash, totalUs, lastUs, writers: clock.snapshot(), epoch };
  return [PARTITION_KEY, serialize(state)];
}

/** The state of an entity: itself, each join that changed, and the pieces of steps with state that changed. */
export function* entityState(
  entity: Entity,
  joins: readonly GraphJoin[],
  states: readonly GraphState[],
): Iterable<[string, Uint8Array | null]> {
  const { latestUs, seenAtUs, receivedUs } = entity;
  const state: EntityState = {
    latestUs,
    seenAtUs,
    receivedUs,
    streams: [...entity.streams.values()].map(({ name, schema, tags, frontierUs }) => {
      return { name, fields: schema.fields, tags, frontierUs };
    }),
    lanes: entity.lanes.flatMap((lanes) =>
      [...lanes.values()].map(({ node, id, captures, tags, rows, next, letters }) => {
        const behind = [...next].map(([to, lane]) => [to, lane.id]);
        return { node, id, captures, tags, rows, next: behind, ...(letters.size > 0 && { letters: [...letters] }) };
      }),
    ) as EntityState['lanes'],
  };
  yield [ENTITY + entity.key, serialize(state)];
  for (let j = 0; j < joins.length; j++) {
    const join = entity.joins[j]!;
    if (!join.changed) continue;
    join.changed = false;
    yield [joinKey(joins[j]!, entity.key), serialize(join.snapshot())];
  }
  for (let s = 0; s < states.length; s++) {
    const { node } = states[s]!;
    let number = 0;
    for (const lane of entity.lanes[node]!.values()) {
      const prefix = laneKey(states[s]!, number++);
      for (const [piece, value] of entity.states[s]!.get(lane)?.changes() ?? []) {
        yield [`${prefix}${piece}/${entity.key}`, value];
      }
    }
  }
}

/** `state/PROCESSOR/STEP/LANE/PIECE/ENTITY-KEY`; lanes are numbered in the order they came to the entity. */
function laneKey({ operator }: GraphState, lane: number): string {
  return `${STATE}${operator.context.processor}/${operator.context.step}/${lane}/`;
}

/** `join/PROCESSOR/STEP/ENTITY-KEY` */
function joinKey({ operator }: GraphJoin, key: string): string {
  return `${JOIN}${operator.context.processor}/${operator.context.step}/${key}`;
}

/** The restored state, when it was made by these plans; else what it is to be dropped for. */
export function readState(
  restored: ReadonlyMap<string, Uint8Array>,
  hash: string,
): { partition: PartitionState } | { dropped: string } | null {
  if (restored.size === 0) return null;
  const bytes = restored.get(PARTITION_KEY);
  if (!bytes) return { dropped: 'it has no record of the plans it belongs to' };
  const partition = deserialize(bytes) as PartitionState;
  if (partition.version === UNCOUNTED_VERSION) Object.assign(partition, { epoch: '', writers: [] });
  else if (partition.version !== VERSION)
    return { dropped: `its form is version ${partition.version}, not ${VERSION}` };
  if (partition.plans !== hash) return { dropped: 'the processors were changed' };
  return { partition };
}

export function restoreEntities(
  restored: ReadonlyMap<string, Uint8Array>,
  routes: Routes,
  joins: readonly GraphJoin[],
  states: readonly GraphState[],
  create: (key: string) => Entity,
): void {
  const pieces = lanePieces(restored);
  for (const [stateKey, bytes] of restored) {
    if (!stateKey.startsWith(ENTITY)) continue;
    const entity = create(stateKey.slice(ENTITY.length));
    restoreEntity(entity, deserialize(bytes) as EntityState, routes);
    joins.forEach((join, j) => {
      const saved = restored.get(joinKey(join, entity.key));
      if (saved) entity.joins[j]!.restore(deserialize(saved) as ReturnType<JoinState['snapshot']>);
    });
    states.forEach((state, s) => {
      let number = 0;
      for (const lane of entity.lanes[state.node]!.values()) {
        const saved = pieces.get(laneKey(state, number++) + entity.key);
        if (saved) entity.states[s]!.set(lane, state.operator.restore(saved, lane));
      }
    });
  }
}

/** The pieces of each lane, by its key without the piece. */
function lanePieces(restored: ReadonlyMap<string, Uint8Array>): Map<string, Map<string, Uint8Array>> {
  const pieces = new Map<string, Map<string, Uint8Array>>();
  for (const [key, value] of restored) {
    const parts = LANE_KEY.exec(key);
    if (!parts) continue;
    const lane = parts[1]! + parts[3]!;
    let saved = pieces.get(lane);
    if (!saved) pieces.set(lane, (saved = new Map()));
    saved.set(parts[2]!, value);
  }
  return pieces;
}

function restoreEntity(entity: Entity, state: EntityState, routes: Routes): void {
  entity.changed = false;
  entity.latestUs = state.latestUs;
  entity.seenAtUs = state.seenAtUs;
  entity.receivedUs = state.receivedUs;
  for (const { node, id, captures, tags, rows, letters } of state.lanes) {
    const lane = entity.lane(node, id, captures, tags, rows ?? 0);
    for (const [step, count] of letters ?? []) lane.letters.set(step, count);
  }
  for (const { node, id, next } of state.lanes) {
    const lane = entity.lanes[node]!.get(id)!;
    for (const [behind, nextId] of next) lane.next.set(behind, entity.lanes[behind]!.get(nextId)!);
  }
  for (const { name, fields, tags, frontierUs } of state.streams) {
    const route = routes.of(name)!;
    const lanes: Lane[] = route.left.map(({ node }) => entity.lanes[node]!.get(name)!);
    entity.streams.set(name, {
      name,
      route,
      lanes,
      schema: new Schema(fields),
      tags,
      frontierUs,
      parts: [],
      offsets: [],
    });
  }
}
