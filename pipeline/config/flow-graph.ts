import type { Input, JoinStep } from '../../processors/plan.js';
import type { Config } from './config.js';
import { type ConfigNode, child, entriesOf, itemsOf } from './config-node.js';
import { sinkTypes } from './sinks/sink-types.js';

export interface FlowNode {
  /** Short and the same for the same file: `stream1`, `table1`, `processor1`, `sink1`. */
  id: string;
  /** `gateway` and `bus` only with Kafka: the streams are then on the bus, where the gateway put them. */
  kind: 'gateway' | 'bus' | 'stream' | 'table' | 'processor' | 'sink';
  name: string;
  /** What it does in a few words. */
  detail: string;
}

export interface FlowEdge {
  from: string;
  to: string;
  /** `join` and `lookup` where the rows are put beside others rather than taken; `late` where joins give their late rows. */
  label: 'rows' | 'join' | 'lookup' | 'late';
  /** How they are found: `linear`, `-2s to 500ms`, the column of a lookup; empty for rows that are taken. */
  how: string;
}

export interface FlowGraph {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

/**
 * The flow of a checked configuration: streams (as the patterns that take them), processors, sinks, and Kafka between
 * the gateway and what reads. What is shown comes
 * from the file as written, so a variable stands by its name and its value nowhere.
 */
export function flowGraph(config: Config, root: ConfigNode): FlowGraph {
  const nodes: FlowNode[] = [];
  const edges: FlowEdge[] = [];
  const ids = new Map<string, string>();
  const add = (kind: FlowNode['kind'], key: string, name: string, detail: string): string => {
    const known = ids.get(`${kind} ${key}`);
    if (known) return known;
    const id = `${kind}${nodes.filter((node) => node.kind === kind).length + 1}`;
    ids.set(`${kind} ${key}`, id);
    nodes.push({ id, kind, name, detail });
    return id;
  };
  const input = (each: Input, written: string): string =>
    'processor' in each ? ids.get(`processor ${each.processor}`)! : add('stream', each.pattern, written, '');

  const kafka = child(child(root, 'bus'), 'kafka');
  if (config.bus.kafka && kafka) {
    const topic = shown(child(kafka, 'topic')) || config.bus.kafka.topic;
    const from = add('gateway', '', 'gateway', '');
    const to = add('bus', '', topic, `kafka ${brokers(kafka)}`);
    edges.push({ from, to, label: 'rows', how: '' });
  }
  for (const { pattern, rateHz } of config.streams) {
    add('stream', pattern.text, pattern.text, rateHz === null ? '' : `${rateHz} Hz`);
  }
  for (const { plan } of config.processors) {
    const module = shown(child(child(child(root, 'processors'), plan.name), 'use'));
    const steps = plan.steps.map((step) => step.verb).join(', ');
    add('processor', plan.name, plan.name, module && steps ? `${module}: ${steps}` : module || steps);
  }
  for (const { plan } of config.processors) {
    const to = ids.get(`processor ${plan.name}`)!;
    if (plan.lateOf !== undefined) {
      edges.push({ from: ids.get(`processor ${plan.lateOf}`)!, to, label: 'late', how: 'rows' });
    }
    const node = child(child(root, 'processors'), plan.name);
    // A module may read its inputs in an order of its own, and some that only it names.
    const from = child(node, 'use') ? [] : itemsOf(child(node, 'from')).map(shown);
    plan.from.forEach((each, i) => {
      edges.push({ from: input(each, from[i] ?? nameOf(each)), to, label: 'rows', how: '' });
    });
    const steps = itemsOf(child(node, 'steps'));
    plan.steps.forEach((step, i) => {
      const written = child(steps[i], step.verb);
      if (step.verb === 'join') {
        const other = input(step.with, shown(child(written, 'with')) || nameOf(step.with));
        edges.push({ from: other, to, label: 'join', how: howOf(step, written) });
      } else if (step.verb === 'lookup') {
        const file = shown(child(written, 'file')) || 'table';
        edges.push({ from: add('table', file, file, ''), to, label: 'lookup', how: step.on.left });
      }
    });
  }
  for (const sink of config.sinks) {
    const node = entriesOf(child(root, 'sinks')).find((entry) => entry.key === sink.name)?.value;
    const written = itemsOf(child(node, 'from')).map(shown);
    const from = sink.from.map((each, i) => input(each, written[i]!));
    const { type, options } = sink;
    const what = [type, 'format' in options ? options.format : '', placeOf(child(node, sinkTypes[type].placeKey))];
    const to = add('sink', sink.name, sink.name, what.filter((text) => text !== '').join(' '));
    for (const each of from) edges.push({ from: each, to, label: 'rows', how: '' });
  }
  return { nodes, edges };
}

/** How a join is made, as the file has it. */
function howOf({ how }: JoinStep, join: ConfigNode | undefined): string {
  const between = child(join, 'between');
  if (between) return itemsOf(between).map(shown).join(' to ');
  return shown(child(join, 'how')) || how;
}

function nameOf(input: Input): string {
  return 'pattern' in input ? input.pattern : input.processor;
}

function brokers(kafka: ConfigNode): string {
  return itemsOf(child(kafka, 'brokers')).map(shown).join(', ');
}

/** Of a URL no more than its server: webhooks have secrets in their paths. */
function placeOf(node: ConfigNode | undefined): string {
  return shown(node).replace(/^(https?:\/\/[^/]*)\/.*$/i, '$1');
}

function shown(node: ConfigNode | undefined): string {
  return node?.kind === 'scalar' ? node.shown : '';
}
