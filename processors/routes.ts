import type { GraphJoin, GraphNode, GraphState } from './node.js';
import type { StatefulStep } from './verbs/lane-state.js';

/** Who reads a stream: nodes as their own rows, with what the pattern captures, and joins as their right side. */
export interface Route {
  left: { node: number; captures: Record<string, string> }[];
  right: number[];
  /** Nodes that late rows of it leave by, with what the pattern of the join captures. */
  late: { node: number; captures: Record<string, string> }[];
  /** Steps with state to which its rows come as they are. */
  direct: StatefulStep[];
}

/** Names seen so far; more than this and they are forgotten, which only costs looking again. */
const CACHED_MAX = 100_000;

/** Finds the readers of a stream by its name, and remembers them. */
export class Routes {
  private readonly known = new Map<string, Route | null>();

  constructor(
    private readonly nodes: readonly GraphNode[],
    private readonly joins: readonly GraphJoin[],
    private readonly states: readonly GraphState[],
  ) {}

  /** Null when nobody reads the stream. */
  of(stream: string): Route | null {
    let route = this.known.get(stream);
    if (route === undefined) {
      if (this.known.size >= CACHED_MAX) this.known.clear();
      this.known.set(stream, (route = this.find(stream)));
    }
    return route;
  }

  private find(stream: string): Route | null {
    const left: Route['left'] = [];
    for (const node of this.nodes) {
      for (const source of node.from) {
        const captures = 'pattern' in source ? source.pattern.match(stream) : null;
        if (captures === null) continue;
        left.push({ node: node.index, captures });
        break;
      }
    }
    const right: number[] = [];
    const late: Route['late'] = [];
    this.joins.forEach((join, index) => {
      const captures = 'pattern' in join.right ? join.right.pattern.match(stream) : null;
      if (captures === null) return;
      right.push(index);
      if (join.late !== null && !late.some(({ node }) => node === join.late)) late.push({ node: join.late, captures });
    });
    const direct = this.states.filter((state) => state.direct && left.some(({ node }) => node === state.node));
    if (left.length + right.length === 0) return null;
    return { left, right, late, direct: direct.map(({ operator }) => operator) };
  }
}
