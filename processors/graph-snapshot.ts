import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { type Field, Schema } from '../columnar/schema.js';
import { type Entity, type Lane, partitionLaneId, type Tags } from './entity.js';
import type { JoinSnapshot, JoinState } from './joining/join-state.js';
import type { GraphJoin, GraphState } from './node.js';
import type { ProcessorPlan } from './plan.js';
import type { ReceiveClock, WriterClock } from './receive-clock.js';
import type { Routes } from './routes.js';
import { type StateStore, storeOf } from './state-store.js';

/** Raised when the form of the state changes: older state is dropped then. */
const VERSION = 3;
/** The form before the keys began with the entity, and the one before rows were counted. */
const BY_KIND_VERSION = 2;
const UNCOUNTED_VERSION = 1;
const PARTITION_KEY = 'partition';
/** Keys of an entity begin with its own and this, which no name of a stream has. */
const END = '\n';
const ENTITY = 'entity';

export interface PartitionState {
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
    partition?: number | null;
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

/** What all keys of an entity's state begin with. */
export function entityPrefix(entity: string): string {
  return entity + END;
}

/** The state of an entity: itself, each join that changed, and the pieces of steps with state that changed. */
export function* entityState(
  entity: Entity,
  joins: readonly GraphJoin[],
  states: readonly GraphState[],
): Iterable<[string, Uint8Array | null]> {
  const prefix = entityPrefix(entity.key);
  yield [prefix + ENTITY, serialize(stateOf(entity))];
  for (let j = 0; j < joins.length; j++) {
    const join = entity.joins[j]!;
    if (!join.changed) continue;
    join.changed = false;
    yield [prefix + joinKey(joins[j]!), serialize(join.snapshot())];
  }
  for (let s = 0; s < states.length; s++) {
    let number = 0;
    for (const lane of entity.lanes[states[s]!.node]!.values()) {
      const piecesOf = laneKey(states[s]!, number++);
      for (const [piece, value] of entity.states[s]!.get(lane)?.changes() ?? [])
        yield [prefix + piecesOf + piece, value];
    }
  }
}

function stateOf({ latestUs, seenAtUs, receivedUs, streams, lanes }: Entity): EntityState {
  return {
    latestUs,
    seenAtUs,
    receivedUs,
    streams: [...streams.values()].map(({ name, schema, tags, frontierUs }) => {
      return { name, fields: schema.fields, tags, frontierUs };
    }),
    lanes: lanes.flatMap((each) =>
      [...each.values()].map(({ node, id, captures, tags, rows, next, partition, letters }) => {
        const behind = [...next].map(([to, lane]): [number, string] => [to, lane.id]);
        const some = letters.size > 0 && { letters: [...letters] };
        return { node, id, captures, tags, rows, next: behind, partition, ...some };
      }),
    ),
  };
}

/** `join/PROCESSOR/STEP` */
function joinKey({ operator }: GraphJoin): string {
  return `join/${operator.context.processor}/${operator.context.step}`;
}

/** `state/PROCESSOR/STEP/LANE/`, and the piece behind it; lanes are numbered in the order they came to the entity. */
function laneKey({ operator }: GraphState, lane: number): string {
  return `state/${operator.context.processor}/${operator.context.step}/${lane}/`;
}

/** Saved pieces of an entity, by what stands behind its prefix. */
export type SavedEntity = ReadonlyMap<string, Uint8Array>;

export interface ReadState {
  partition: PartitionState;
  entities: Iterable<[key: string, saved: SavedEntity]>;
  /** Keys of an older form; what they held is among the entities. */
  outdated: string[];
}

/** The saved state of one entity, for people; null when there is none. */
export function entityFacts(store: StateStore, key: string) {
  const prefix = entityPrefix(key);
  const saved = savedEntity(prefix, store.under(prefix));
  const bytes = saved.get(ENTITY);
  const partition = partitionOf(store);
  if (!bytes || !partition) return null;
  const { latestUs, seenAtUs, lanes } = deserialize(bytes) as EntityState;
  return {
    latestUs,
    clockUs: latestUs + (partition.totalUs - seenAtUs),
    /** Those that enter a node, with the number of each; rows that left for partitions of a group step count for theirs. */
    lanes(node: number): { id: string; number: number; rows: number }[] {
      const entering = lanes.filter((lane) => lane.node === node);
      return entering.flatMap(({ id, rows = 0, partition = null }, number) => {
        if (partition !== null) return [];
        const parts = entering.filter((part) => part.id === partitionLaneId(id, part.partition ?? -1));
        return { id, number, rows: parts.reduce((sum, part) => sum + part.rows, rows) };
      });
    },
    join(join: GraphJoin): JoinSnapshot | null {
      const snapshot = saved.get(joinKey(join));
      return snapshot ? (deserialize(snapshot) as JoinSnapshot) : null;
    },
    /** The pieces that a step with state keeps of a lane, by the lane's number in the node. */
    pieces: (state: GraphState, lane: number) => below(saved, laneKey(state, lane)),
  };
}

/** Keys of the entities of which something is kept. */
export function* entityKeys(store: StateStore): Iterable<string> {
  for (const [key] of store.under('')) if (key.endsWith(END + ENTITY)) yield key.slice(0, -(END + ENTITY).length);
}

function partitionOf(store: StateStore): PartitionState | null {
  for (const [key, value] of store.under(PARTITION_KEY)) {
    if (key === PARTITION_KEY) return deserialize(value) as PartitionState;
  }
  return null;
}

function below(saved: SavedEntity, prefix: string): Map<string, Uint8Array> {
  const pieces = new Map<string, Uint8Array>();
  for (const [key, value] of saved) if (key.startsWith(prefix)) pieces.set(key.slice(prefix.length), value);
  return pieces;
}

/** Stored state, when it was made by these plans; else why it is to be dropped. */
export function readState(store: StateStore, hash: string): ReadState | { dropped: string } {
  const partition = partitionOf(store);
  if (!partition) return { dropped: 'it has no record of the plans it belongs to' };
  if (partition.version === UNCOUNTED_VERSION) Object.assign(partition, { epoch: '', writers: [] });
  else if (partition.version !== VERSION && partition.version !== BY_KIND_VERSION)
    return { dropped: `its form is version ${partition.version}, not ${VERSION}` };
  if (partition.plans !== hash) return { dropped: 'the processors were changed' };
  if (partition.version === VERSION) return { partition, entities: byEntity(store.under('')), outdated: [] };
  const old: string[] = [];
  const renamed: [string, Uint8Array][] = [];
  for (const [key, value] of store.under('')) {
    if (key === PARTITION_KEY) continue;
    old.push(key);
    renamed.push([keyOfOld(key), new Uint8Array(value)]);
  }
  return { partition, entities: byEntity(storeOf(renamed).under('')), outdated: old };
}

/** `entity/KEY` and `join/PROCESSOR/STEP/KEY` as they are written now. */
function keyOfOld(key: string): string {
  const parts = /^(join\/[^/]*\/\d+)\/(.*)$/s.exec(key);
  return parts ? entityPrefix(parts[2]!) + parts[1]! : entityPrefix(key.slice('entity/'.length)) + ENTITY;
}

/** The pieces of one entity after the other; ascending by key, those of one follow one another. */
function* byEntity(pieces: Iterable<[key: string, value: Uint8Array]>): Iterable<[string, SavedEntity]> {
  let of: string | null = null;
  let saved = new Map<string, Uint8Array>();
  for (const [key, value] of pieces) {
    const end = key.indexOf(END);
    if (end < 0) continue;
    const entity = key.slice(0, end);
    if (entity !== of) {
      if (of !== null) yield [of, saved];
      of = entity;
      saved = new Map();
    }
    // The value may be a view of memory that the next one is read into.
    saved.set(key.slice(end + END.length), new Uint8Array(value));
  }
  if (of !== null) yield [of, saved];
}

/** The pieces of one entity, from what a store has under its prefix. */
export function savedEntity(prefix: string, pieces: Iterable<[key: string, value: Uint8Array]>): SavedEntity {
  const saved = new Map<string, Uint8Array>();
  for (const [key, value] of pieces) saved.set(key.slice(prefix.length), new Uint8Array(value));
  return saved;
}

/** Gives a new entity the state that was saved of it. */
export function restoreEntity(
  entity: Entity,
  saved: SavedEntity,
  routes: Routes,
  joins: readonly GraphJoin[],
  states: readonly GraphState[],
): void {
  const bytes = saved.get(ENTITY);
  if (!bytes) return;
  restoreStreams(entity, deserialize(bytes) as EntityState, routes);
  joins.forEach((join, j) => {
    const of = saved.get(joinKey(join));
    if (of) entity.joins[j]!.restore(deserialize(of) as ReturnType<JoinState['snapshot']>);
  });
  states.forEach((state, s) => {
    let number = 0;
    for (const lane of entity.lanes[state.node]!.values()) {
      const pieces = below(saved, laneKey(state, number++));
      if (pieces.size > 0) entity.states[s]!.set(lane, state.operator.restore(pieces, lane));
    }
  });
}

function restoreStreams(entity: Entity, state: EntityState, routes: Routes): void {
  entity.latestUs = state.latestUs;
  entity.seenAtUs = state.seenAtUs;
  entity.receivedUs = state.receivedUs;
  for (const { node, id, captures, tags, rows, partition, letters } of state.lanes) {
    const lane = entity.lane(node, id, captures, tags, rows ?? 0, partition ?? null);
    for (const [step, count] of letters ?? []) lane.letters.set(step, count);
  }
  for (const { node, id, next } of state.lanes) {
    const lane = entity.lanes[node]!.get(id)!;
    for (const [behind, nextId] of next) lane.next.set(behind, entity.lanes[behind]!.get(nextId)!);
  }
  for (const { name, fields, tags, frontierUs } of state.streams) {
    const route = routes.of(name)!;
    const laneTo = ({ node }: { node: number }): Lane => entity.lanes[node]!.get(name)!;
    entity.streams.set(name, {
      name,
      route,
      lanes: route.left.map(laneTo),
      lateLanes: route.late.map(laneTo),
      schema: new Schema(fields),
      tags,
      frontierUs,
      dueUs: Infinity,
      parts: [],
      offsets: [],
    });
  }
}
