import type { Batch } from '../columnar/batch.js';
import type { Schema } from '../columnar/schema.js';
import { firstUs as packedFirstUs, lastUs as packedLastUs } from '../schemas/data-block.js';
import type { ReadPackedBatch } from '../schemas/read-packed.js';
import type { JoinState } from './joining/join-state.js';
import type { Route } from './routes.js';
import type { LaneState } from './verbs/lane-state.js';

export type Tags = Readonly<Record<string, string>>;

/** Rows of a record, as they stand on the bus or unpacked. */
export type Part = ReadPackedBatch | Batch;

export function firstUs(part: Part): number {
  return 'timeUs' in part ? part.timeUs[0]! : packedFirstUs(part);
}

export function lastUs(part: Part): number {
  return 'timeUs' in part ? part.timeUs[part.rows - 1]! : packedLastUs(part);
}

/** The rows of one stream on their way through one node: they keep their order and their tags. */
export interface Lane {
  /** The device's stream, after the nodes the rows went through before. */
  id: string;
  /** Of its entity. */
  key: string;
  node: number;
  /** What the pattern captured and what came with the record; of a lane behind another node, that one's. */
  tags: Tags;
  captures: Tags;
  /** Lanes of the nodes behind. */
  next: Map<number, Lane>;
  /** Rows on their way through the node in an evaluation; null where there are none. */
  flow: Batch[] | null;
  /** Rows that left the node in this run. */
  out: Batch[];
  receivedUs: number;
  /** Rows that have left the node, ever. */
  rows: number;
  /** Of rows that leave for a partition of a group's topic. */
  partition: number | null;
  /** Dead letters of its steps, ever. */
  letters: Map<number, number>;
}

/** Of the lane whose rows leave for a partition of a group's topic. */
export function partitionLaneId(laneId: string, partition: number): string {
  return `${laneId}@${partition}`;
}

/** A stream of an entity, as the graph reads it. */
export interface EntityStream {
  name: string;
  route: Route;
  lanes: Lane[];
  /** Of its late rows, one for each node of `route.late`. */
  lateLanes: Lane[];
  schema: Schema;
  tags: Tags;
  /** The latest time that came. */
  frontierUs: number;
  /** Records of the run that are not evaluated yet. */
  parts: Part[];
  /** The clock at which a step to which its rows come as they are has something due, not counting the parts. */
  dueUs: number;
  /** Where the parts stand on the bus. */
  offsets: number[];
}

/** All a graph knows of one entity. */
export class Entity {
  readonly streams = new Map<string, EntityStream>();
  /** For each node the lanes that enter it. */
  readonly lanes: Map<string, Lane>[];
  /** For each step with state what it keeps of each lane. */
  readonly states: Map<Lane, LaneState>[];
  /** The latest event time over all its streams, and the receive time that had passed when its last record came. */
  latestUs = -Infinity;
  seenAtUs = 0;
  receivedUs = 0;
  /** Streams with parts, in the order their first part came. */
  dirty: EntityStream[] = [];
  /** A lower bound for the times of rows that may still come to a join or a step with state, or wait there. */
  heldUs = Infinity;
  /** Rows among the parts, and an upper bound of the right rows a join holds without them. */
  fedRows = 0;
  rightRows = 0;
  /** For each join the latest time of right rows that came or are among the parts, as far as known. */
  readonly rightFrontiersUs: Float64Array;
  /** For each join 1 where right rows that come in order may change rows that have left: they are evaluated alone. */
  readonly correctable: Uint8Array;
  /** The clock at which a step with state has something due, not counting the parts. */
  dueUs = Infinity;
  /** Without new records nothing can expire or fall due before the receive clock is there. */
  deadlineTotalUs = Infinity;
  /** The earliest deadline of it in the queue of deadlines. */
  queuedTotalUs = Infinity;
  /** Every record must be evaluated alone, since order matters now. */
  careful = false;
  /** The run it was last used in. */
  usedIn = 0;

  constructor(
    readonly key: string,
    nodes: number,
    readonly joins: JoinState[],
    states: number,
  ) {
    this.lanes = Array.from({ length: nodes }, () => new Map());
    this.states = Array.from({ length: states }, () => new Map());
    this.correctable = new Uint8Array(joins.length);
    this.rightFrontiersUs = new Float64Array(joins.length).fill(-Infinity);
  }

  /** The clock at a time of the receive clock. */
  clockUs(totalUs: number): number {
    return this.latestUs + (totalUs - this.seenAtUs);
  }

  lane(node: number, id: string, captures: Tags, tags: Tags, rows = 0, partition: number | null = null): Lane {
    let lane = this.lanes[node]!.get(id);
    if (!lane) {
      lane = {
        id,
        key: this.key,
        node,
        tags,
        captures,
        next: new Map(),
        flow: null,
        out: [],
        receivedUs: 0,
        rows,
        partition,
        letters: new Map(),
      };
      this.lanes[node]!.set(id, lane);
    }
    return lane;
  }
}
