import type { Batch } from '../columnar/batch.js';
import { PitwallError } from '../core/errors.js';
import { ALONE, arrivalOf, deadlineWith, feed } from './arrival.js';
import { DeadlineQueue } from './deadline-queue.js';
import { Entities, type LateRows } from './entities.js';
import { Entity, type Lane } from './entity.js';
import { EntityBounds } from './entity-bounds.js';
import { evaluate, partitionLane } from './evaluate.js';
import { type FailedRow, FailedRows, type OnError } from './failed-rows.js';
import type { Functions } from './functions/load-functions.js';
import {
  entityPrefix,
  entityState,
  partitionState,
  planHash,
  readState,
  restoreEntity,
  type SavedEntity,
  savedEntity,
} from './graph-snapshot.js';
import type { InputRecord } from './input-record.js';
import { JoinState } from './joining/join-state.js';
import { type CompiledNodes, compileNodes, type GraphJoin, type GraphNode, type GraphState } from './node.js';
import { Outputs, type ProcessorOutput } from './outputs.js';
import type { ProcessorPlan } from './plan.js';
import { ReceiveClock } from './receive-clock.js';
import { Routes } from './routes.js';
import { type StateStore, storeOf } from './state-store.js';
import { inOrder } from './topology.js';

export type { InputRecord, ProcessorOutput };

/** What a graph is given beside its plans. State does not depend on it. */
export interface GraphOptions {
  /** Of the modules that the plans name; needed where there are any. */
  functions?: Functions;
  /** By processor, what becomes of rows that a step fails for; without it the graph throws. */
  onError?: Readonly<Record<string, OnError>>;
  /** Of the topics that group steps write to. */
  partitions?: number;
  /**
   * What each snapshot gave is in the store before the next run: entities beyond so many, in which nothing waits for time,
   * are left to it and not kept in memory.
   */
  idleEntitiesMax?: number;
}

/** An evaluation of an entity that is due. */
interface Due {
  entity: Entity;
  clockUs: number;
  receivedUs: number;
}

type AddOutput = (lane: Lane, batch: Batch, receivedUs: number) => void;

/**
 * The processors of one connected component over one partition. Results depend on the records alone: however they are
 * grouped into runs, the same rows come out of each processor, those of one left stream in the same order.
 *
 * To work on many rows at once all the same, the records of a run are collected per entity and evaluated together. What
 * evaluating them one by one would do differently is cut out: a record at which a waiting row could expire or a step
 * with state has something due, one that goes back in time or may correct rows that have left, or one that brings a new
 * stream, schema or tags, is evaluated alone, after all before it.
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

  /** Whether steps ask outside before they take rows: then it is `runAsking` that runs it. */
  readonly asks: boolean;

  /** Its plans made ready, for who looks at what it keeps. */
  readonly compiled: CompiledNodes;

  private readonly nodes: GraphNode[];
  private readonly joins: GraphJoin[];
  private readonly states: GraphState[];
  private readonly bounds: EntityBounds;
  private readonly routes: Routes;
  private readonly hash: string;
  private readonly entities: Entities;
  private readonly clock = new ReceiveClock();
  private readonly deadlines = new DeadlineQueue();
  private readonly touched = new Set<Entity>();
  private readonly outputs: Outputs;
  private readonly dropped: string[] = [];
  private clockChanged = true;
  private readonly failed: FailedRows;
  private readonly addOutput: AddOutput;

  /** `store` holds all that snapshots gave and did not take back. State of other plans is dropped with a warning. */
  constructor(
    plans: readonly ProcessorPlan[],
    store: StateStore | Iterable<readonly [key: string, value: Uint8Array]> = [],
    { partitions = 1, idleEntitiesMax = Infinity, functions, onError = {} }: GraphOptions = {},
  ) {
    const ordered = inOrder(plans);
    const warn = (message: string) => this.warnings.push(message);
    this.compiled = compileNodes(ordered, partitions, warn, functions ?? null);
    const { nodes, joins, states } = this.compiled;
    this.failed = new FailedRows(onError, warn);
    this.nodes = nodes;
    this.joins = joins;
    this.states = states;
    // Where rows are left out that a step fails for, they do not all come to the next.
    for (const state of states) {
      if ((onError[nodes[state.node]!.name] ?? 'stop') !== 'stop') state.direct = false;
    }
    this.bounds = new EntityBounds(joins, states);
    this.routes = new Routes(nodes, joins, states);
    this.outputs = new Outputs(nodes);
    this.addOutput = (lane, batch, receivedUs) => this.outputs.add(lane, batch, receivedUs);
    this.asks = nodes.some(({ stages }) => stages.some(({ asks }) => asks !== undefined));
    this.hash = planHash(plans);
    const state = 'under' in store ? store : storeOf(store);
    const load = (entity: Entity): void => {
      const prefix = entityPrefix(entity.key);
      this.restoreEntity(entity, savedEntity(prefix, state.under(prefix)));
    };
    this.entities = new Entities(
      (key) => this.newEntity(key),
      idleEntitiesMax === Infinity ? null : load,
      idleEntitiesMax,
    );
    this.restore(state, plans, idleEntitiesMax);
  }

  /** Whether a processor reads the stream; records of others need not be decoded. */
  wants(stream: string): boolean {
    return this.routes.of(stream) !== null;
  }

  /** Rows that came too late since this graph was made. */
  get lateRows(): LateRows {
    return this.entities.lateRows;
  }

  /**
   * Rows of an entity that came too late for a step since this graph was made: for a join those of all its lanes, else of
   * one lane. 0 for what it does not know.
   */
  lateRowsOf(key: string, processor: string, step: number, laneId: string): number {
    const node = this.nodes.find(({ name }) => name === processor);
    const stage = node?.stages[step];
    const entity = this.entities.peek(key);
    if (!node || !stage || !entity) return 0;
    if ('join' in stage) {
      const { lateLeftRows, lateRightRows } = entity.joins[stage.join]!;
      return lateLeftRows + lateRightRows;
    }
    const lane = entity.lanes[node.index]!.get(laneId);
    return 'state' in stage && lane ? (entity.states[stage.state]!.get(lane)?.lateRows ?? 0) : 0;
  }

  /** Rows of joins that were given again, or at last, since right rows came late; since this graph was made. */
  get correctedRows(): number {
    return this.entities.correctedRows;
  }

  /** Rows left out since this graph was made, where a processor skips those that a step fails for. */
  get skippedRows(): number {
    return this.failed.skipped;
  }

  /** Rows for the dead letters since the last call; they belong to the outputs of the same runs. */
  takeFailed(): FailedRow[] {
    return this.failed.take();
  }

  /** Takes the next records of the partition, in order, and gives what they cause. */
  run(records: readonly InputRecord[]): ProcessorOutput[] {
    for (const due of this.take(records)) {
      for (const each of due) {
        for (const _ of this.evaluation(each, this.addOutput)) {
          throw new PitwallError('internal', 'a step asks outside, and its graph was not run so', {
            stage: 'processor',
          });
        }
      }
    }
    return this.outputs.take();
  }

  /**
   * The same where steps ask outside. What they ask for several entities is under way at once, and so is what they ask
   * for the rows of one; the rows that leave are those of a graph that never waits, in the same order. Only one at a time.
   */
  async runAsking(records: readonly InputRecord[]): Promise<ProcessorOutput[]> {
    for (const due of this.take(records)) {
      const evaluations = due.map(async (each) => {
        const added: Parameters<AddOutput>[] = [];
        for (const waiting of this.evaluation(each, (...output) => added.push(output))) await waiting;
        return added;
      });
      // Where one fails, the others end, too, before somebody makes a new graph.
      const ended = await Promise.allSettled(evaluations);
      for (const result of ended) {
        if (result.status === 'rejected') throw result.reason;
        for (const output of result.value) this.addOutput(...output);
      }
    }
    return this.outputs.take();
  }

  /** Feeds the records, and gives the evaluations that are to be done before it goes on, each of another entity. */
  private *take(records: readonly InputRecord[]): Generator<readonly Due[], void> {
    this.entities.begin();
    if (this.epoch === '' && records.length > 0) this.epoch = `${this.hash.slice(0, 8)}.${records[0]!.offset}`;
    for (const record of records) {
      this.clock.advance(record.receivedUs, record.writer ?? '');
      this.clockChanged = true;
      const rows = record.batch ?? record.packed;
      const route = record.kind === 'data' && rows !== null && rows.rows > 0 ? this.routes.of(record.stream) : null;
      const entity = route && this.entities.get(record.key);
      while (this.clock.totalUs >= this.deadlines.firstTotalUs) yield this.expired(entity);
      if (!entity) continue;
      const arrival = arrivalOf(entity, record, rows!, route);
      let deadlineUs = deadlineWith(this.bounds, entity, rows!, route, arrival);
      if (deadlineUs === ALONE && entity.dirty.length > 0) {
        yield [fed(entity)];
        // What was near may have been settled by that, so that the record need not be alone any more.
        deadlineUs = deadlineWith(this.bounds, entity, rows!, route, arrival);
      }
      if (arrival.tagsChanged) this.outputs.cut();
      feed(entity, record, rows!, route, arrival, this.clock.totalUs);
      this.entities.changed.add(entity);
      if (deadlineUs === ALONE) yield [fed(entity)];
      else {
        this.touched.add(entity);
        this.setDeadline(entity, deadlineUs);
      }
    }
    const touched = [...this.touched].filter(({ dirty }) => dirty.length > 0);
    this.touched.clear();
    yield touched.map(fed);
  }

  /** What changed since the last call: new values by key, null where a key is to be removed. */
  *snapshot(): Iterable<[key: string, value: Uint8Array | null]> {
    for (const key of this.dropped.splice(0)) yield [key, null];
    if (this.clockChanged) yield partitionState(this.hash, this.clock, this.epoch);
    this.clockChanged = false;
    for (const entity of this.entities.changed) yield* entityState(entity, this.joins, this.states);
    this.entities.changed.clear();
  }

  /** Every entity that has something to expire at the present receive time, but for the one given. */
  private expired(except: Entity | null): Due[] {
    const { totalUs, lastUs: receivedUs } = this.clock;
    const due: Due[] = [];
    // One that is given a record right away is looked at with it.
    for (let entity = this.deadlines.take(totalUs); entity; entity = this.deadlines.take(totalUs)) {
      if (entity !== except) due.push({ entity, clockUs: entity.clockUs(totalUs), receivedUs });
    }
    return due;
  }

  private *evaluation({ entity, clockUs, receivedUs }: Due, add: AddOutput): Generator<Promise<unknown>, void> {
    const evaluated = this.failed.begin(entity.dirty, receivedUs);
    const emit = (lane: Lane, batch: Batch): void => {
      const { spread, name } = this.nodes[lane.node]!;
      if (spread === null) add(lane, batch, receivedUs);
      else {
        for (const [partition, rows] of spread.parts({ ...batch, stream: name }, lane.tags)) {
          add(partitionLane(entity, lane, partition), rows, receivedUs);
        }
      }
    };
    for (const waiting of evaluate(entity, this.compiled, clockUs, this.failed, emit)) {
      yield waiting;
      this.failed.resume(evaluated);
    }
    this.entities.changed.add(entity);
    this.settle(entity);
  }

  private settle(entity: Entity): void {
    this.setDeadline(entity, this.bounds.settle(entity));
  }

  private setDeadline(entity: Entity, deadlineUs: number): void {
    entity.deadlineTotalUs = deadlineUs - entity.latestUs + entity.seenAtUs;
    this.deadlines.set(entity);
  }

  private newEntity(key: string): Entity {
    const joins = this.joins.map(({ operator }) => new JoinState(operator));
    return new Entity(key, this.nodes.length, joins, this.states.length);
  }

  private restore(store: StateStore, plans: readonly ProcessorPlan[], idleMax: number): void {
    const [first] = store.under('');
    if (!first) return;
    const state = readState(store, this.hash);
    if ('dropped' in state) {
      const names = plans.map(({ name }) => name).join(', ');
      this.warnings.push(
        `the stored state of ${names} is dropped, since ${state.dropped}: rows that waited in joins, and what windows and other steps had, are lost`,
      );
      for (const [key] of store.under('')) this.dropped.push(key);
      return;
    }
    const { totalUs, lastUs, writers, epoch } = state.partition;
    this.clock.restore(totalUs, lastUs, writers);
    this.epoch = epoch;
    this.clockChanged = state.outdated.length > 0;
    this.dropped.push(...state.outdated);
    let idle = 0;
    for (const [key, saved] of state.entities) {
      const entity = this.newEntity(key);
      this.restoreEntity(entity, saved);
      // What is in an older form is written anew.
      if (state.outdated.length > 0) {
        this.entities.changed.add(entity);
        for (const join of entity.joins) join.changed = true;
      } else if (entity.deadlineTotalUs === Infinity && ++idle > idleMax) continue;
      this.entities.add(entity);
    }
  }

  private restoreEntity(entity: Entity, saved: SavedEntity): void {
    restoreEntity(entity, saved, this.routes, this.joins, this.states);
    this.settle(entity);
  }
}

/** What was fed to an entity since it was evaluated. */
function fed(entity: Entity): Due {
  return { entity, clockUs: entity.latestUs, receivedUs: entity.receivedUs };
}
