import type { FlowGraph, FlowNode } from './flow-graph.js';

/** A flowchart in Mermaid's language (mermaid.js.org, flowchart syntax). What is on the bus stands in a box. */
export function drawMermaid(graph: FlowGraph): string {
  const lines = ['flowchart LR'];
  const bus = graph.nodes.find((node) => node.kind === 'bus');
  if (bus) {
    const streams = graph.nodes.filter((node) => node.kind === 'stream');
    lines.push(`  subgraph ${bus.id}[${label(bus)}]`, ...streams.map((node) => `  ${shape(node)}`), '  end');
  }
  for (const node of graph.nodes) {
    if (node !== bus && !(bus && node.kind === 'stream')) lines.push(shape(node));
  }
  for (const { from, to, label, how } of graph.edges) {
    const arrow = label === 'rows' ? '-->' : `-. "${escapeLabel(`${label} ${how}`)}" .->`;
    lines.push(`  ${from} ${arrow} ${to}`);
  }
  return `${lines.join('\n')}\n`;
}

function shape(node: FlowNode): string {
  const text = label(node);
  const shapes = {
    gateway: `[${text}]`,
    bus: `[${text}]`,
    stream: `([${text}])`,
    table: `[/${text}/]`,
    processor: `[${text}]`,
    sink: `[(${text})]`,
  };
  return `  ${node.id}${shapes[node.kind]}`;
}

function label(node: FlowNode): string {
  return `"${[node.name, node.detail].filter(Boolean).map(escapeLabel).join('<br/>')}"`;
}

/** What each node takes from, one line a node: `processor g <- car/{car}/imu, join linear car/{car}/gps`. */
export function drawText(graph: FlowGraph): string {
  const names = new Map(graph.nodes.map((node) => [node.id, node.name]));
  return (['gateway', 'bus', 'stream', 'table', 'processor', 'sink'] as const)
    .flatMap((kind) => graph.nodes.filter((node) => node.kind === kind))
    .map((node) => {
      const inputs = graph.edges
        .filter((edge) => edge.to === node.id)
        .map(({ from, label, how }) => (label === 'rows' ? names.get(from) : `${label} ${how} ${names.get(from)}`));
      const source = inputs.length > 0 ? ` <- ${inputs.join(', ')}` : '';
      return `${node.kind.padEnd(9)} ${node.name}${source}${node.detail ? `  (${node.detail})` : ''}\n`;
    })
    .join('');
}

/** Quotes, angle brackets and `#` would end or change a Mermaid label; it takes character references instead. */
function escapeLabel(text: string): string {
  return text.replaceAll(/["#<>&`]/g, (c) => `#${c.charCodeAt(0)};`);
}
