import type { Batch } from '../columnar/batch.js';
import { concatBatches } from '../columnar/kernels/concat.js';
import { unpack } from '../schemas/data-block.js';
import type { ReadPackedBatch } from '../schemas/read-packed.js';
import { type Entity, type EntityStream, type Lane, partitionLaneId } from './entity.js';
import { type FailedRows, isStepFault } from './failed-rows.js';
import { LateRowsForm } from './joining/late-output.js';
import type { CompiledNodes, GraphJoin, GraphNode, GraphState } from './node.js';
import { threadWatch } from './thread-watch.js';
import type { Asks, Emit, LaneState, Refuse } from './verbs/lane-state.js';

/** Lanes of a node that have rows on their way, in the order they came to have some. */
type Flow = Lane[];

const NONE_LATE: readonly [number, number][] = [];
const lateRows = new LateRowsForm();

/**
 * Takes the fed records of an entity through the graph, and releases what is settled, or expired or due at `clockUs`.
 * Nodes stand in order, so that what one gives is there when the next takes it; right rows are added before left rows
 * are released. Gives each node's rows to `emit`.
 *
 * Where a step asks outside it gives what is to be waited for, before it goes on.
 */
export function* evaluate(
  entity: Entity,
  { nodes, joins, states }: CompiledNodes,
  clockUs: number,
  failed: FailedRows,
  emit: (lane: Lane, batch: Batch) => void,
): Generator<Promise<unknown>, void> {
  threadWatch.goesOn();
  const flows: Flow[] = [];
  for (let n = 0; n < nodes.length; n++) flows.push([]);
  for (const stream of entity.dirty) {
    const batch = joined(stream);
    for (const lane of stream.lanes) push(flows[lane.node]!, lane, batch);
    for (const [node, rows] of addRight(entity, joins, stream.route.right, batch)) {
      push(flows[node]!, stream.lateLanes.find((lane) => lane.node === node)!, lateRows.of(batch, rows));
    }
  }
  for (const node of nodes) {
    let flow = flows[node.index]!;
    for (let step = 0; step < node.stages.length; step++) {
      const { asks } = node.stages[step]!;
      if (asks && flow.length > 0) {
        const waiting = Promise.all(asked(asks, flow));
        // Meanwhile others go on with theirs.
        threadWatch.records = null;
        yield waiting;
      }
      flow = throughStage(entity, node, states, step, flow, clockUs, failed);
    }
    if (flow.length === 0) continue;
    const stream = `${node.name}/${entity.key}`;
    for (const lane of flow) {
      const after = node.leftOf.map((next) => laneBehind(entity, lane, next));
      for (const rows of taken(lane)) {
        const batch = { ...rows, stream };
        emit(lane, batch);
        for (const next of after) push(flows[next.node]!, next, batch);
        for (const [late, rows] of addRight(entity, joins, node.rightOf, batch)) {
          push(flows[late]!, laneBehind(entity, lane, late), lateRows.of(batch, rows));
        }
      }
    }
  }
  for (const stream of entity.dirty) {
    stream.parts = [];
    stream.offsets = [];
  }
  entity.dirty = [];
}

/**
 * Adds right rows to joins. Gives, by the node where late ones leave, how many are late for one of its joins: the first
 * ones, since rows ascend in time.
 */
function addRight(
  entity: Entity,
  joins: readonly GraphJoin[],
  to: readonly number[],
  batch: Batch,
): Iterable<[node: number, rows: number]> {
  let found: Map<number, number> | null = null;
  for (const j of to) {
    const rows = entity.joins[j]!.addRight(batch);
    const node = joins[j]!.late;
    if (rows === 0 || node === null) continue;
    found ??= new Map();
    found.set(node, Math.max(rows, found.get(node) ?? 0));
  }
  return found ?? NONE_LATE;
}

function asked(asks: Asks, flow: Flow): Promise<void>[] {
  return flow.flatMap((lane) => lane.flow!.map((batch) => asks.ask(batch, lane)));
}

function throughStage(
  entity: Entity,
  node: GraphNode,
  states: readonly GraphState[],
  step: number,
  flow: Flow,
  clockUs: number,
  failed: FailedRows,
): Flow {
  const stage = node.stages[step]!;
  const next: Flow = [];
  if ('join' in stage) {
    const join = entity.joins[stage.join]!;
    for (const lane of flow) for (const batch of taken(lane)) join.addLeft(lane.id, batch);
    join.release(clockUs, entity.latestUs, (id, batch) => push(next, entity.lanes[node.index]!.get(id)!, batch));
  } else if ('state' in stage) {
    const lanes = entity.states[stage.state]!;
    for (const lane of flow) {
      let state = lanes.get(lane);
      if (!state) lanes.set(lane, (state = states[stage.state]!.operator.create(lane)));
      const emit = (out: Batch) => push(next, lane, out);
      const refuse: Refuse = (batch, from, to, describe) =>
        failed.refuse(node.name, step, lane, batch, from, to, describe);
      for (const batch of taken(lane)) addRows(state, batch, emit, refuse);
    }
    for (const [lane, state] of lanes) {
      if (state.dueUs <= clockUs) state.release(clockUs, (out) => push(next, lane, out));
    }
  } else {
    for (const lane of flow) {
      for (const batch of taken(lane)) {
        let out: Batch | null = null;
        try {
          out = stage.operator.apply(batch);
        } catch (cause) {
          if (!isStepFault(cause)) throw cause;
          // What it cannot work on is refused as a whole.
          failed.refuse(node.name, step, lane, batch, 0, batch.rows, () => cause);
        }
        if (out !== null) push(next, lane, out);
      }
    }
  }
  return next;
}

/** The lane of the rows of `lane` that leave for a partition of a group's topic: they are numbered on their own. */
export function partitionLane(entity: Entity, lane: Lane, partition: number): Lane {
  return entity.lane(lane.node, partitionLaneId(lane.id, partition), {}, {}, 0, partition);
}

/** The parts of a stream as one batch; they are of one kind. */
function joined({ parts, name, schema }: EntityStream): Batch {
  if ('timeUs' in parts[0]!) return concatBatches(parts as Batch[]);
  return unpack(parts as ReadPackedBatch[], name, schema);
}

function addRows(state: LaneState, batch: Batch, emit: Emit, refuse: Refuse): void {
  let stopped = false;
  try {
    state.add(batch, emit, (rows, from, to, describe) => {
      stopped = true;
      refuse(rows, from, to, describe);
      stopped = false;
    });
  } catch (cause) {
    if (stopped || !isStepFault(cause)) throw cause;
    refuse(batch, 0, batch.rows, () => cause);
  }
}

function laneBehind(entity: Entity, lane: Lane, node: number): Lane {
  let next = lane.next.get(node);
  if (!next) {
    // Two nodes may hand on rows of one stream: the way is part of the name.
    next = entity.lane(node, `${lane.node}>${lane.id}`, lane.captures, lane.tags);
    lane.next.set(node, next);
  }
  return next;
}

function push(flow: Flow, lane: Lane, batch: Batch): void {
  if (lane.flow === null) {
    lane.flow = [batch];
    flow.push(lane);
  } else lane.flow.push(batch);
}

/** The lane's rows that are on their way, which go on from here. */
function taken(lane: Lane): Batch[] {
  const batches = lane.flow!;
  lane.flow = null;
  return batches;
}
