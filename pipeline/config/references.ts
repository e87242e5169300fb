import { patternFault, StreamPattern } from '../../core/stream-pattern.js';
import { suggestion } from '../../core/suggest.js';
import { lateOutputName, noLateRows, processorOfLate } from '../../processors/joining/late-output.js';
import type { Input } from '../../processors/plan.js';
import { type ConfigNode, child, entriesOf, itemsOf, type ScalarNode, textOf } from './config-node.js';
import { overlap } from './overlap.js';
import type { Problems } from './problems.js';
import { below, shownValue } from './spec/spec.js';

interface Reference {
  node: ScalarNode;
  text: string;
  where: string;
}

/**
 * Resolves what `from` and `with` name: a text with `/ + # {` is a stream pattern, any other word a processor or a
 * declared stream. Works on the tree, so that a fault elsewhere in the file does not hide the ones found here.
 */
export class References {
  private readonly processors: string[];
  /** Outputs of late rows. What joins a module has, the file does not say. */
  private readonly lateOutputs: string[];
  private readonly streams: string[];

  constructor(
    private readonly root: ConfigNode,
    private readonly problems: Problems,
  ) {
    const processors = entriesOf(child(root, 'processors'));
    this.processors = processors.map((entry) => entry.key);
    this.lateOutputs = processors.flatMap(({ key, value }) =>
      child(value, 'use') || hasLateOutput(value) ? lateOutputName(key) : [],
    );
    this.streams = entriesOf(child(root, 'streams'))
      .map((entry) => entry.key)
      .filter((pattern) => patternFault(pattern) === null);
  }

  /** What a text names, or null when that is nothing. */
  resolve(text: string): Input | null {
    if (/[/+#{]/.test(text)) return patternFault(text) === null ? { pattern: text } : null;
    if (this.processors.includes(text) || this.lateOutputs.includes(text)) return { processor: text };
    return this.streams.some((pattern) => new StreamPattern(pattern).matches(text)) ? { pattern: text } : null;
  }

  /** Reports texts that name nothing, names with two meanings, and processors that feed themselves. */
  check(): void {
    for (const { key, keyOffset } of entriesOf(child(this.root, 'processors'))) {
      if (this.streams.includes(key)) {
        this.problems.error(keyOffset, `"${key}" names both a processor and a stream; rename one of them`);
      }
    }
    const edges = new Map<string, { to: string; reference: Reference }[]>();
    for (const { key, value } of entriesOf(child(this.root, 'processors'))) {
      const references = processorReferences(key, value);
      for (const reference of references) this.checkOne(reference);
      const inputs = references.flatMap((reference) => {
        const input = this.resolve(reference.text);
        return input && 'processor' in input ? [{ to: processorOfLate(input.processor), reference }] : [];
      });
      edges.set(key, inputs);
    }
    for (const { key, value } of entriesOf(child(this.root, 'sinks'))) {
      for (const reference of texts(child(value, 'from'), `${below('sinks', key)}.from`)) this.checkOne(reference);
    }
    this.checkCycles(edges);
  }

  private checkOne({ node, text, where }: Reference): void {
    if (!/[/+#{]/.test(text)) {
      if (this.resolve(text)) return;
      const joining = processorOfLate(text);
      if (this.processors.includes(joining) && !node.hasVariables) {
        this.problems.error(node.offset, `${where}: ${shownValue(node)} has no rows: ${noLateRows(joining)}`);
        return;
      }
      const all = [
        ...this.processors,
        ...this.lateOutputs,
        ...this.streams.filter((pattern) => !/[/+#{]/.test(pattern)),
      ];
      const near = node.hasVariables ? '' : suggestion(text, all, 'processors and streams');
      const what = `${where}: ${shownValue(node)} is neither a processor nor a declared stream`;
      this.problems.error(node.offset, `${what}${near || '; a stream pattern holds a / or is "#"'}`);
      return;
    }
    const fault = patternFault(text);
    if (fault !== null) {
      const why = node.hasVariables ? 'is none with its variables replaced' : fault;
      this.problems.error(node.offset, `${where}: the stream pattern ${shownValue(node)} ${why}`);
      return;
    }
    if (this.streams.some((pattern) => overlap(pattern, text))) return;
    const first = text.split('/')[0]!;
    if (this.processors.includes(first)) {
      const hint = `to read the processor, write ${first}`;
      this.problems.warn(node.offset, `${where}: ${shownValue(node)} matches streams of devices only; ${hint}`);
    } else if (this.rejectsUndeclared()) {
      const why = 'gateway.undeclared is reject';
      this.problems.warn(node.offset, `${where}: no declared stream can match ${shownValue(node)}, and ${why}`);
    }
  }

  private rejectsUndeclared(): boolean {
    const node = child(child(this.root, 'gateway'), 'undeclared');
    return node?.kind === 'scalar' && node.value === 'reject';
  }

  /** Depth first over the processors; an edge to one that is still open closes a cycle, which is named whole. */
  private checkCycles(edges: ReadonlyMap<string, { to: string; reference: Reference }[]>): void {
    const done = new Set<string>();
    const path: string[] = [];
    const visit = (name: string): void => {
      path.push(name);
      for (const { to, reference } of edges.get(name) ?? []) {
        const at = path.indexOf(to);
        if (at >= 0) {
          const cycle = [...path.slice(at), to].join(' -> ');
          this.problems.error(
            reference.node.offset,
            `${reference.where}: processors may not feed themselves: ${cycle}`,
          );
        } else if (!done.has(to)) visit(to);
      }
      path.pop();
      done.add(name);
    };
    for (const name of edges.keys()) if (!done.has(name)) visit(name);
  }
}

/** Whether a join that stands in the file gives its late rows. */
export function hasLateOutput(processor: ConfigNode): boolean {
  return itemsOf(child(processor, 'steps')).some((step) => textOf(child(child(step, 'join'), 'late')) === 'stream');
}

function processorReferences(name: string, node: ConfigNode): Reference[] {
  const where = below('processors', name);
  const joins = itemsOf(child(node, 'steps')).flatMap((step, i) =>
    texts(child(child(step, 'join'), 'with'), `${where}.steps[${i}].join.with`),
  );
  return [...texts(child(node, 'from'), `${where}.from`), ...joins];
}

function texts(node: ConfigNode | undefined, where: string): Reference[] {
  return itemsOf(node).flatMap((item, i) =>
    item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '' && !item.broken
      ? [{ node: item, text: item.value, where: node?.kind === 'list' ? `${where}[${i}]` : where }]
      : [],
  );
}
