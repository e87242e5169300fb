import { StreamPattern } from '../core/stream-pattern.js';
import { columns } from './operators/columns.js';
import { filter } from './operators/filter.js';
import { Join } from './operators/join.js';
import type { Operator, StepContext } from './operators/operator.js';
import { select } from './operators/select.js';
import type { Input, JoinStep, ProcessorPlan, Step } from './plan.js';

/** Where rows come from: streams of devices, or another node of the graph by its index. */
export type Source = { pattern: StreamPattern } | { node: number };

export type Stage = { operator: Operator } | { join: number };

/** A join of the graph; its place in the list of all is what `Stage.join` names. */
export interface GraphJoin {
  operator: Join;
  right: Source;
}

/** A processor made ready to run. */
export interface GraphNode {
  index: number;
  name: string;
  from: Source[];
  stages: Stage[];
  /** Nodes that take its rows as theirs, and joins that take them as their right side. */
  leftOf: number[];
  rightOf: number[];
}

/** Compiles plans, which stand in order: each after those it reads. `warn` is called once for each text. */
export function compileNodes(
  plans: readonly ProcessorPlan[],
  warn: (message: string) => void,
): { nodes: GraphNode[]; joins: GraphJoin[] } {
  const joins: GraphJoin[] = [];
  const indexOf = new Map(plans.map((plan, index) => [plan.name, index]));
  const source = (input: Input): Source =>
    'pattern' in input ? { pattern: new StreamPattern(input.pattern) } : { node: indexOf.get(input.processor)! };

  const nodes = plans.map((plan, index): GraphNode => {
    const stages = plan.steps.map((step, at): Stage => {
      const said = new Set<string>();
      const context: StepContext = {
        processor: plan.name,
        step: at,
        warn(message) {
          if (said.has(message)) return;
          said.add(message);
          warn(`processor ${plan.name}, steps[${at}], ${message}`);
        },
      };
      if (step.verb !== 'join') return { operator: compileStep(step, context) };
      return { join: joins.push({ operator: new Join(step, context), right: source(step.with) }) - 1 };
    });
    return { index, name: plan.name, from: plan.from.map(source), stages, leftOf: [], rightOf: [] };
  });

  for (const node of nodes) for (const from of node.from) if ('node' in from) nodes[from.node]!.leftOf.push(node.index);
  joins.forEach(({ right }, join) => {
    if ('node' in right) nodes[right.node]!.rightOf.push(join);
  });
  return { nodes, joins };
}

function compileStep(step: Exclude<Step, JoinStep>, context: StepContext): Operator {
  switch (step.verb) {
    case 'select':
      return select(step, context);
    case 'columns':
      return columns(step, context);
    case 'filter':
      return filter(step, context);
  }
}
