import { entityFacts } from './graph-snapshot.js';
import { describeJoin } from './joining/describe-join.js';
import { type CompiledNodes, compileNodes } from './node.js';
import type { ProcessorPlan } from './plan.js';
import type { StateStore } from './state-store.js';
import { inOrder } from './topology.js';

/** What a processor holds for an entity, for people; times are microseconds since 1970. */
export interface EntityView {
  /** The clock of the entity: its latest event time, and what has passed since its last record. Null before any row. */
  clockUs: number | null;
  /** The latest event time that came. */
  latestUs: number | null;
  lanes: LaneView[];
}

/** One stream of rows through the processor. */
export interface LaneView {
  /** The device's stream. */
  stream: string;
  /** Processors that its rows come through before. */
  through: string[];
  /** Rows that have left the processor. */
  rows: number;
  /** Its steps with state. */
  steps: StepView[];
}

export interface StepView {
  /** Index among the processor's steps, from 0. */
  step: number;
  verb: string;
  [what: string]: unknown;
}

/** Late rows of a step since the graph that runs was made, by lane; null where nobody counts. */
export type LateRows = (step: number, laneId: string) => number | null;

/** Says what the snapshots of a graph hold for an entity. Decodes that entity's state alone, and no cells of its rows. */
export class EntityInspector {
  private readonly compiled: CompiledNodes;
  private readonly plans: ProcessorPlan[];

  /** `compiled`: the plans made ready, where that is done already. */
  constructor(plans: readonly ProcessorPlan[], compiled?: CompiledNodes) {
    this.plans = inOrder(plans);
    this.compiled = compiled ?? compileNodes(this.plans, 1, () => {}, null);
  }

  /**
   * Null when nothing is kept of the entity. `processor` may be a part of one; `facts` are what snapshots gave and did not
   * take back.
   */
  view(processor: string, key: string, facts: StateStore, late: LateRows): EntityView | null {
    const { nodes, joins, states } = this.compiled;
    const entity = entityFacts(facts, key);
    const node = nodes.findIndex(({ name }) => name === processor);
    if (entity === null || node < 0) return null;
    const { steps, firstStep = 0 } = this.plans[node]!;
    const lanes = entity.lanes(node).map(({ id, number, rows }): LaneView => {
      const described = nodes[node]!.stages.flatMap((stage, step): StepView[] => {
        if (!('join' in stage) && !('state' in stage)) return [];
        const lateRows = late(step, id);
        let what: Record<string, unknown>;
        if ('join' in stage) {
          const saved = entity.join(joins[stage.join]!);
          what = saved === null ? {} : describeJoin(saved, id);
        } else {
          const state = states[stage.state]!;
          const saved = entity.pieces(state, number);
          what = saved.size === 0 ? {} : (state.operator.describe?.(saved) ?? sizeOf(saved));
        }
        return [
          { step: firstStep + step, verb: steps[step]!.verb, ...(lateRows === null ? {} : { lateRows }), ...what },
        ];
      });
      return { ...this.wayOf(id), rows, steps: described };
    });
    const { latestUs, clockUs } = entity;
    return { clockUs: finite(clockUs), latestUs: finite(latestUs), lanes };
  }

  /** `0>1>car/44/imu` is a device's stream after the nodes 0 and 1. */
  private wayOf(laneId: string): Pick<LaneView, 'stream' | 'through'> {
    const way = /^(?:\d+>)*/.exec(laneId)![0];
    const through = way.split('>').slice(0, -1).reverse();
    return { stream: laneId.slice(way.length), through: through.map((index) => this.plans[Number(index)]!.name) };
  }
}

/** Of a step that does not describe what it keeps. */
function sizeOf(saved: ReadonlyMap<string, Uint8Array>): Record<string, unknown> {
  let bytes = 0;
  for (const value of saved.values()) bytes += value.length;
  return { pieces: saved.size, bytes };
}

function finite(timeUs: number): number | null {
  return Number.isFinite(timeUs) ? timeUs : null;
}
