import { StreamPattern } from '../core/stream-pattern.js';
import type { Functions } from './functions/load-functions.js';
import { processorOf } from './grouping/split-groups.js';
import { SpreadRows } from './grouping/spread-rows.js';
import type { Join } from './joining/join.js';
import { givesLateRows } from './joining/late-output.js';
import type { Input, ProcessorPlan } from './plan.js';
import type { Asks, StatefulStep } from './verbs/lane-state.js';
import type { StepContext } from './verbs/step-context.js';
import type { Operator } from './verbs/verb.js';
import { verbOf } from './verbs/verbs.js';

/** Where rows come from: streams of devices, or another node of the graph by its index. */
export type Source = { pattern: StreamPattern } | { node: number };

export type Stage = ({ operator: Operator } | { join: number } | { state: number }) & { asks?: Asks };

/** A join of the graph; its place in the list of all is what `Stage.join` names. */
export interface GraphJoin {
  operator: Join;
  right: Source;
  /** The node that its late right rows leave by; null where nobody wants them. */
  late: number | null;
}

/** A step with state of each lane; its place in the list of all is what `Stage.state` names. */
export interface GraphState {
  operator: StatefulStep;
  node: number;
  /** All rows of a stream come to it, at their times and in their order, and it has `dueAfter`. */
  direct: boolean;
  /** How much earlier its rows may be than those of the streams, since steps before it give rows at earlier times. */
  shiftUs: number;
  /** Whether its rows come to a join, or to another step with state. */
  feedsJoin: boolean;
  feedsState: boolean;
}

/** A processor made ready to run. */
export interface GraphNode {
  index: number;
  name: string;
  from: Source[];
  stages: Stage[];
  /** Where its rows are to go, of a part that a group step ends. */
  spread: SpreadRows | null;
  /** Nodes that take its rows as theirs, and joins that take them as their right side. */
  leftOf: number[];
  rightOf: number[];
}

export interface CompiledNodes {
  nodes: GraphNode[];
  joins: GraphJoin[];
  states: GraphState[];
}

/** Compiles plans, which stand in order: each after those it reads. `warn` is called once for each text. */
export function compileNodes(
  plans: readonly ProcessorPlan[],
  partitions: number,
  warn: (message: string) => void,
  functions: Functions | null,
): CompiledNodes {
  const joins: GraphJoin[] = [];
  const states: GraphState[] = [];
  const indexOf = new Map(plans.map((plan, index) => [plan.name, index]));
  const source = (input: Input): Source =>
    'pattern' in input ? { pattern: new StreamPattern(input.pattern) } : { node: indexOf.get(input.processor)! };

  const nodes = plans.map((plan, node): GraphNode => {
    const stages = plan.steps.map((step, at): Stage => {
      const compiled = verbOf(step).compile(step, contextOf(plan, at, warn, functions));
      if ('operator' in compiled) return compiled;
      if ('join' in compiled) {
        const lateNode = givesLateRows(step) ? plans.findIndex(({ lateOf }) => lateOf === plan.name) : -1;
        const late = lateNode < 0 ? null : lateNode;
        return { join: joins.push({ operator: compiled.join, right: source(compiled.right), late }) - 1 };
      }
      const state = {
        operator: compiled.stateful,
        node,
        direct: false,
        shiftUs: 0,
        feedsJoin: false,
        feedsState: false,
      };
      return { state: states.push(state) - 1, ...(compiled.asks && { asks: compiled.asks }) };
    });
    const { name, groupBy } = plan;
    const spread = groupBy ? new SpreadRows(groupBy, partitions) : null;
    return { index: node, name, from: plan.from.map(source), stages, spread, leftOf: [], rightOf: [] };
  });

  for (const node of nodes) for (const from of node.from) if ('node' in from) nodes[from.node]!.leftOf.push(node.index);
  joins.forEach(({ right }, join) => {
    if ('node' in right) nodes[right.node]!.rightOf.push(join);
  });
  const compiled = { nodes, joins, states };
  findFed(compiled);
  findShifts(compiled);
  findDirect(compiled);
  return compiled;
}

/** Names the processor and the place of the step in it, also where the plan is a part of it. */
function contextOf(
  plan: ProcessorPlan,
  at: number,
  warn: (message: string) => void,
  functions: Functions | null,
): StepContext {
  const processor = processorOf(plan.name);
  const step = (plan.firstStep ?? 0) + at;
  const said = new Set<string>();
  return {
    processor,
    step,
    functions,
    warn(message) {
      if (said.has(message)) return;
      said.add(message);
      warn(`processor ${processor}, steps[${step}], ${message}`);
    },
  };
}

/** Says of each step with state what comes behind it; nodes stand before those that read them. */
function findFed({ nodes, joins, states }: CompiledNodes): void {
  /** Whether a join, and a step with state, is in a node or behind it. */
  const within: { join: boolean; state: boolean }[] = [];
  for (const node of [...nodes].reverse()) {
    const behind = { join: node.rightOf.length > 0, state: false };
    const late = node.rightOf.flatMap((join) => joins[join]!.late ?? []);
    for (const next of [...node.leftOf, ...late]) {
      behind.join ||= within[next]!.join;
      behind.state ||= within[next]!.state;
    }
    for (const stage of [...node.stages].reverse()) {
      if ('join' in stage) behind.join = true;
      if (!('state' in stage)) continue;
      const state = states[stage.state]!;
      state.feedsJoin = behind.join;
      state.feedsState = behind.state;
      behind.state = true;
    }
    within[node.index] = behind;
  }
}

/** Says of each step with state how much earlier than the streams its rows may be; nodes stand after those they read. */
function findShifts({ nodes, joins, states }: CompiledNodes): void {
  const afterUs: number[] = [];
  for (const node of nodes) {
    let shiftUs = 0;
    const late = joins.flatMap((join) => (join.late === node.index ? join.right : []));
    for (const from of [...node.from, ...late]) if ('node' in from) shiftUs = Math.max(shiftUs, afterUs[from.node]!);
    for (const stage of node.stages) {
      if (!('state' in stage)) continue;
      const state = states[stage.state]!;
      state.shiftUs = shiftUs;
      shiftUs += state.operator.shiftUs ?? 0;
    }
    afterUs[node.index] = shiftUs;
  }
}

/** Finds the steps with state to which all rows of streams come as they are. */
function findDirect({ nodes, states }: CompiledNodes): void {
  for (const node of nodes) {
    if (!node.from.every((from) => 'pattern' in from)) continue;
    for (const stage of node.stages) {
      if ('operator' in stage && stage.operator.keepsRows) continue;
      if ('state' in stage) {
        const state = states[stage.state]!;
        state.direct = state.operator.dueAfter !== undefined;
      }
      break;
    }
  }
}
