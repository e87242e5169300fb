import type { Batch } from '../columnar/batch.js';
import type { Schema } from '../columnar/schema.js';
import { PitwallError } from '../core/errors.js';
import { timeBoundsUs } from '../schemas/data-block.js';
import type { ReadPackedBatch } from '../schemas/packed-batch.js';
import { Deadlines } from './deadlines.js';
import { Entity, type EntityStream, type Lane, type Tags } from './entity.js';
import { advanced, EntityBounds } from './entity-bounds.js';
import { evaluate } from './evaluate.js';
import { entityState, partitionState, planHash, readState, restoreEntities } from './graph-snapshot.js';
import { JoinState, RIGHT_ROWS_MAX } from './joining/join-state.js';
import { compileNodes, type GraphJoin, type GraphNode, type GraphState } from './node.js';
import { mergeBatches } from './outputs.js';
import type { ProcessorPlan } from './plan.js';
import { ReceiveClock } from './receive-clock.js';
import { type Route, Routes } from './routes.js';
import { inOrder } from './topology.js';

/** A record of the partition. Ticks, and data that nobody `wants`, need no `packed`; they still move the clock. */
export interface InputRecord {
  offset: number;
  kind: 'data' | 'tick';
  /** Entity key. */
  key: string;
  stream: string;
  receivedUs: number;
  /** The gateway that received it, whose clock that is; absent where there is one only. */
  writer?: string;
  tags: Tags;
  /** Checked, times ascending; its bytes must stay valid during the call. */
  packed: ReadPackedBatch | null;
  schema: Schema | null;
}

/** Rows that left a processor. */
export interface ProcessorOutput {
  processor: string;
  key: string;
  /** `PROCESSOR/ENTITY-KEY`, also in the batch. */
  stream: string;
  /** What the pattern of the left stream captured, and what came with its records. */
  tags: Tags;
  batch: Batch;
  /** Receive time of the newest record that had to come for these rows. */
  receivedUs: number;
  /**
   * The rows' number among all that the lane has given since the epoch began: the first row of `batch` is number
   * `firstRow`, from 0. However a crash or a move to another machine cuts the work, a row has the same lane and number.
   */
  lane: string;
  firstRow: number;
}

/**
 * The processors of one connected component over one partition. Results depend on the records alone: however they are
 * grouped into runs, the same rows come out of each processor, those of one left stream in the same order.
 *
 * To work on many rows at once all the same, the records of a run are collected per entity and evaluated together. What
 * evaluating them one by one would do differently is cut out: a record at which a waiting row could expire or a step
 * with state has something due, one that goes back in time, or one that brings a new stream, schema or tags, is evaluated alone, after all before it.
 *
 * After `run` has thrown, the graph is of no use: make a new one from the last snapshot.
 */
export class PartitionGraph {
  /** What should be said to the operator, each once; the caller empties it. */
  readonly warnings: string[] = [];

  /**
   * Names the line of states that begins with the first record a graph without state is given. What two graphs of one
   * epoch give is the same, row by row.
   */
  epoch = '';

  private readonly nodes: GraphNode[];
  private readonly joins: GraphJoin[];
  private readonly states: GraphState[];
  private readonly bounds: EntityBounds;
  private readonly routes: Routes;
  private readonly hash: string;
  private readonly entities = new Map<string, Entity>();
  private readonly clock = new ReceiveClock();
  private readonly deadlines = new Deadlines();
  private readonly touched = new Set<Entity>();
  private readonly lanes = new Set<Lane>();
  private readonly finished: ProcessorOutput[] = [];
  private readonly dropped: string[] = [];
  private clockChanged = true;

  /** `restored` is all that snapshots gave and did not take back. State of other plans is dropped with a warning. */
  constructor(plans: readonly ProcessorPlan[], restored: Iterable<[key: string, value: Uint8Array]> = []) {
    const ordered = inOrder(plans);
    const { nodes, joins, states } = compileNodes(ordered, (message) => this.warnings.push(message));
    this.nodes = nodes;
    this.joins = joins;
    this.states = states;
    this.bounds = new EntityBounds(joins, states);
    this.routes = new Routes(nodes, joins);
    this.hash = planHash(plans);
    const own = new Map<string, Uint8Array>();
    // The values may be views of memory that the next one is read into.
    for (const [key, value] of restored) own.set(key, new Uint8Array(value));
    this.restore(own, plans);
  }

  /** Whether a processor reads the stream; records of others need not be decoded. */
  wants(stream: string): boolean {
    return this.routes.of(stream) !== null;
  }

  /**
   * Rows that came too late since this graph was made: left and right rows of joins, after what was released before, and
   * rows that changed nothing in a step with state.
   */
  get lateRows(): { left: number; right: number; steps: number } {
    const late = { left: 0, right: 0, steps: 0 };
    for (const { joins, states } of this.entities.values()) {
      for (const join of joins) {
        late.left += join.lateLeftRows;
        late.right += join.lateRightRows;
      }
      for (const lanes of states) for (const state of lanes.values()) late.steps += state.lateRows;
    }
    return late;
  }

  /** Takes the next records of the partition, in order, and gives what they cause. */
  run(records: readonly InputRecord[]): ProcessorOutput[] {
    if (this.epoch === '' && records.length > 0) this.epoch = `${this.hash.slice(0, 8)}.${records[0]!.offset}`;
    for (const record of records) {
      this.clock.advance(record.receivedUs, record.writer ?? '');
      this.clockChanged = true;
      const { packed } = record;
      const route = record.kind === 'data' && packed !== null && packed.rows > 0 ? this.routes.of(record.stream) : null;
      const entity = route && this.entity(record.key);
      if (this.clock.totalUs >= this.deadlines.nextUs) this.expire(entity);
      if (entity) this.feed(entity, record, packed!, route);
    }
    for (const entity of this.touched) {
      if (entity.dirty.length > 0) this.evaluate(entity, entity.latestUs, entity.receivedUs);
    }
    this.touched.clear();
    return [...this.finished.splice(0), ...this.takeOutputs()];
  }

  /** What changed since the last call: new values by key, null where a key is to be removed. */
  *snapshot(): Iterable<[key: string, value: Uint8Array | null]> {
    for (const key of this.dropped.splice(0)) yield [key, null];
    if (this.clockChanged) yield partitionState(this.hash, this.clock, this.epoch);
    this.clockChanged = false;
    for (const entity of this.entities.values()) {
      if (!entity.changed) continue;
      entity.changed = false;
      yield* entityState(entity, this.joins, this.states);
    }
  }

  private feed(entity: Entity, record: InputRecord, packed: ReadPackedBatch, route: Route): void {
    const [firstUs, lastUs] = timeBoundsUs(packed);
    const known = entity.streams.get(record.stream);
    const stream = known ?? newStream(entity, record, route);
    const tagsChanged = !sameTags(stream.tags, record.tags);
    const clockUs = Math.max(entity.latestUs, lastUs);
    const frontiers = entity.rightFrontiersUs;
    const isNew = known === undefined || tagsChanged || !sameSchema(stream.schema, record.schema);
    const isAlone = () => {
      const heldUs = route.left.length > 0 ? Math.min(entity.heldUs, firstUs) : entity.heldUs;
      return (
        isNew ||
        entity.careful ||
        firstUs < stream.frontierUs ||
        entity.rightRows + entity.fedRows + packed.rows > RIGHT_ROWS_MAX ||
        clockUs >= this.bounds.deadlineUs(entity, heldUs, advanced(frontiers, route.right, lastUs))
      );
    };
    let alone = isAlone();
    if (alone && entity.dirty.length > 0) {
      this.evaluate(entity, entity.latestUs, entity.receivedUs);
      // What was near may have been settled by that, so that the record need not be alone any more.
      alone = isAlone();
    }

    if (tagsChanged) this.finished.push(...this.takeOutputs());
    if (isNew) renew(entity, stream, record);
    entity.latestUs = clockUs;
    entity.seenAtUs = this.clock.totalUs;
    entity.receivedUs = record.receivedUs;
    entity.changed = true;
    if (stream.parts.push(packed) === 1) entity.dirty.push(stream);
    stream.frontierUs = Math.max(stream.frontierUs, lastUs);
    entity.fedRows += packed.rows;
    entity.heldUs = route.left.length > 0 ? Math.min(entity.heldUs, firstUs) : entity.heldUs;
    for (const join of route.right) frontiers[join] = Math.max(frontiers[join]!, lastUs);
    if (alone) this.evaluate(entity, clockUs, record.receivedUs);
    else {
      this.touched.add(entity);
      this.setDeadline(entity, this.bounds.deadlineUs(entity, entity.heldUs, frontiers));
    }
  }

  /** Evaluates every entity that has something to expire at the present receive time, but for the one given. */
  private expire(except: Entity | null): void {
    const { totalUs } = this.clock;
    for (const entity of this.deadlines.take(totalUs)) {
      if (entity === except) this.deadlines.add(entity);
      else this.evaluate(entity, entity.clockUs(totalUs), this.clock.lastUs);
    }
  }

  private evaluate(entity: Entity, clockUs: number, receivedUs: number): void {
    evaluate(entity, this.nodes, this.states, clockUs, (lane, batch) => {
      lane.out.push(batch);
      lane.receivedUs = Math.max(lane.receivedUs, receivedUs);
      this.lanes.add(lane);
    });
    entity.changed = true;
    this.settle(entity);
  }

  private settle(entity: Entity): void {
    this.setDeadline(entity, this.bounds.settle(entity));
  }

  private setDeadline(entity: Entity, deadlineUs: number): void {
    entity.deadlineTotalUs = deadlineUs - entity.latestUs + entity.seenAtUs;
    this.deadlines.add(entity);
  }

  private takeOutputs(): ProcessorOutput[] {
    const outputs: ProcessorOutput[] = [];
    for (const lane of this.lanes) {
      const { name: processor } = this.nodes[lane.node]!;
      for (const batch of mergeBatches(lane.out)) {
        outputs.push({
          processor,
          key: lane.key,
          stream: batch.stream,
          tags: lane.tags,
          batch,
          receivedUs: lane.receivedUs,
          lane: lane.id,
          firstRow: lane.rows,
        });
        lane.rows += batch.rows;
      }
      lane.out = [];
      lane.receivedUs = 0;
    }
    this.lanes.clear();
    return outputs;
  }

  private entity(key: string): Entity {
    let entity = this.entities.get(key);
    if (!entity) {
      const joins = this.joins.map(({ operator }) => new JoinState(operator));
      this.entities.set(key, (entity = new Entity(key, this.nodes.length, joins, this.states.length)));
    }
    return entity;
  }

  private restore(restored: ReadonlyMap<string, Uint8Array>, plans: readonly ProcessorPlan[]): void {
    const state = readState(restored, this.hash);
    if (state === null) return;
    if ('dropped' in state) {
      const names = plans.map(({ name }) => name).join(', ');
      this.warnings.push(
        `the stored state of ${names} is dropped, since ${state.dropped}: rows that waited in joins, and what windows and other steps had, are lost`,
      );
      this.dropped.push(...restored.keys());
      return;
    }
    const { totalUs, lastUs, writers, epoch } = state.partition;
    this.clock.restore(totalUs, lastUs, writers);
    this.epoch = epoch;
    this.clockChanged = false;
    restoreEntities(restored, this.routes, this.joins, this.states, (key) => this.entity(key));
    for (const entity of this.entities.values()) this.settle(entity);
  }
}

function renew(entity: Entity, stream: EntityStream, record: InputRecord): void {
  if (record.schema === null) {
    throw new PitwallError('corrupt-record', `the record ${record.offset} of ${record.stream} has an unknown schema`, {
      stage: 'processor',
    });
  }
  stream.schema = record.schema;
  stream.tags = record.tags;
  for (const lane of stream.lanes) setTags(lane, { ...lane.captures, ...record.tags });
  entity.streams.set(stream.name, stream);
}

function setTags(lane: Lane, tags: Tags): void {
  lane.tags = tags;
  for (const behind of lane.next.values()) setTags(behind, tags);
}

function newStream(entity: Entity, record: InputRecord, route: Route): EntityStream {
  const { stream: name, tags } = record;
  const lanes = route.left.map(({ node, captures }) => entity.lane(node, name, captures, { ...captures, ...tags }));
  return { name, route, lanes, schema: record.schema!, tags, frontierUs: -Infinity, parts: [] };
}

function sameSchema(a: Schema, b: Schema | null): boolean {
  return a === b || (b !== null && a.fingerprint === b.fingerprint);
}

function sameTags(a: Tags, b: Tags): boolean {
  if (a === b) return true;
  let count = 0;
  for (const name in b) {
    if (a[name] !== b[name]) return false;
    count++;
  }
  return Object.keys(a).length === count;
}
