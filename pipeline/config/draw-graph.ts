import type { FlowGraph } from './flow-graph.js';

/** A flowchart in Mermaid's language (mermaid.js.org, flowchart syntax). */
export function drawMermaid(graph: FlowGraph): string {
  const lines = ['flowchart LR'];
  for (const node of graph.nodes) {
    const label = `"${[node.name, node.detail].filter(Boolean).map(escapeLabel).join('<br/>')}"`;
    const shape = { stream: `([${label}])`, processor: `[${label}]`, sink: `[(${label})]` }[node.kind];
    lines.push(`  ${node.id}${shape}`);
  }
  for (const { from, to, label } of graph.edges) {
    lines.push(label === 'join' ? `  ${from} -. join .-> ${to}` : `  ${from} --> ${to}`);
  }
  return `${lines.join('\n')}\n`;
}

/** What each node takes from, one line a node: `processor g  <- car/{car}/imu, join car/{car}/gps`. */
export function drawText(graph: FlowGraph): string {
  const names = new Map(graph.nodes.map((node) => [node.id, node.name]));
  return (['stream', 'processor', 'sink'] as const)
    .flatMap((kind) => graph.nodes.filter((node) => node.kind === kind))
    .map((node) => {
      const inputs = graph.edges
        .filter((edge) => edge.to === node.id)
        .map((edge) => (edge.label === 'join' ? `join ${names.get(edge.from)}` : names.get(edge.from)));
      const source = inputs.length > 0 ? ` <- ${inputs.join(', ')}` : '';
      return `${node.kind.padEnd(9)} ${node.name}${source}${node.detail ? `  (${node.detail})` : ''}\n`;
    })
    .join('');
}

/** Quotes, angle brackets and `#` would end or change a Mermaid label; it takes character references instead. */
function escapeLabel(text: string): string {
  return text.replaceAll(/["#<>&`]/g, (c) => `#${c.charCodeAt(0)};`);
}
