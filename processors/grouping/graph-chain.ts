import type { LateRows } from '../entities.js';
import { type GraphOptions, type InputRecord, PartitionGraph, type ProcessorOutput } from '../partition-graph.js';
import type { ProcessorPlan } from '../plan.js';
import { type Component, componentsOf, ofParts } from './components.js';
import { groupedRecords } from './grouped-records.js';
import { receiveSlices } from './receive-slices.js';

/**
 * Processors in memory, over all partitions, without state to begin with: what a group step sends to a partition is taken
 * there at once.
 */
export class GraphChain {
  private readonly components: Component[];
  private readonly graphs: PartitionGraph[][];
  /** Receive time behind group steps, which does not go back. */
  private receivedUs = 0;
  private deadLetters = 0;

  /** `onError` is by processor. */
  constructor(
    plans: readonly ProcessorPlan[],
    partitions = 1,
    { functions, onError = {} }: Pick<GraphOptions, 'functions' | 'onError'> = {},
  ) {
    this.components = componentsOf(plans).sort((a, b) => a.level - b.level);
    this.graphs = this.components.map((component) => {
      const options = { functions, partitions, onError: ofParts(component, onError) };
      return Array.from({ length: partitions }, () => new PartitionGraph(component.plans, [], options));
    });
  }

  /** Whether a processor reads the stream of a device. */
  wants(stream: string): boolean {
    return this.components.some(({ groupTopic }, c) => groupTopic === null && this.graphs[c]![0]!.wants(stream));
  }

  /** Takes the next records of a partition, in order, and gives the rows of processors that they cause. */
  async run(partition: number, records: readonly InputRecord[]): Promise<ProcessorOutput[]> {
    const hasGroup = this.components.some(({ level }) => level > 0);
    const outputs: ProcessorOutput[] = [];
    for (const slice of hasGroup ? receiveSlices(records) : [records]) {
      for (const [c, { groupTopic }] of this.components.entries()) {
        if (groupTopic === null) outputs.push(...(await this.runGraph(this.graphs[c]![partition]!, slice)));
      }
      const last = slice.at(-1);
      if (last) outputs.push(...(await this.tick(last)));
    }
    return outputs;
  }

  private async runGraph(graph: PartitionGraph, records: readonly InputRecord[]): Promise<ProcessorOutput[]> {
    const outputs: ProcessorOutput[] = [];
    for (const output of graph.asks ? await graph.runAsking(records) : graph.run(records)) {
      if (output.partition === null) outputs.push(output);
      else outputs.push(...(await this.group(output, output.partition)));
    }
    return outputs;
  }

  /** What should be said, each once; the list is emptied. */
  takeWarnings(): string[] {
    return [...new Set(this.graphs.flat().flatMap(({ warnings }) => warnings.splice(0)))];
  }

  /** Rows that steps failed for, whatever would have become of them. */
  get failedRows(): number {
    const graphs = this.graphs.flat();
    for (const graph of graphs) this.deadLetters += graph.takeFailed().length;
    return this.deadLetters + graphs.reduce((rows, { skippedRows }) => rows + skippedRows, 0);
  }

  get lateRows(): LateRows {
    const late = { left: 0, right: 0, steps: 0 };
    for (const { lateRows } of this.graphs.flat()) {
      late.left += lateRows.left;
      late.right += lateRows.right;
      late.steps += lateRows.steps;
    }
    return late;
  }

  private group({ processor, batch, receivedUs }: ProcessorOutput, partition: number): Promise<ProcessorOutput[]> {
    const c = this.components.findIndex(({ groupTopic }) => groupTopic === processor);
    const { by } = this.components[c]!.plans.find(({ grouped }) => grouped)!.grouped!;
    this.receivedUs = Math.max(this.receivedUs, receivedUs);
    const record: InputRecord = {
      offset: 0,
      kind: 'data',
      key: '',
      stream: processor,
      receivedUs: this.receivedUs,
      tags: {},
      packed: null,
      schema: batch.schema,
      batch,
    };
    return this.runGraph(this.graphs[c]![partition]!, groupedRecords(record, processor, by));
  }

  /** Time goes on behind group steps, too. */
  private async tick({ offset, receivedUs }: InputRecord): Promise<ProcessorOutput[]> {
    this.receivedUs = Math.max(this.receivedUs, receivedUs);
    const tick: InputRecord = {
      offset,
      kind: 'tick',
      key: '',
      stream: '',
      receivedUs: this.receivedUs,
      tags: {},
      packed: null,
      schema: null,
    };
    const outputs: ProcessorOutput[] = [];
    for (const [c, { groupTopic }] of this.components.entries()) {
      if (groupTopic === null) continue;
      for (const graph of this.graphs[c]!) outputs.push(...(await this.runGraph(graph, [tick])));
    }
    return outputs;
  }
}
