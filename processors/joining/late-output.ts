import type { Batch } from '../../columnar/batch.js';
import { sliceRows } from '../../columnar/kernels/slice.js';
import { field, Schema } from '../../columnar/schema.js';
import type { JoinStep, ProcessorPlan, Step } from '../plan.js';
import { SchemaCache } from '../verbs/schema-cache.js';

/** Of what the second output of a processor is called: `PROCESSOR.late`. */
const SUFFIX = '.late';

/** Names the stream that a late row came in; it takes the place of a column of that name. */
const LATE_FROM = 'lateFrom';

/** Whether a name is that of an output of late rows. */
export function isLateOutput(name: string): boolean {
  return name.endsWith(SUFFIX);
}

export function lateOutputName(processor: string): string {
  return processor + SUFFIX;
}

/** The processor whose late rows an output has; a name of no such output is its own. */
export function processorOfLate(name: string): string {
  return isLateOutput(name) ? name.slice(0, -SUFFIX.length) : name;
}

export function givesLateRows(step: Step): step is JoinStep {
  return step.verb === 'join' && step.late === 'stream';
}

/** Why there is no such output. */
export function noLateRows(processor: string): string {
  return `no join of ${processor} gives its late rows; write late: stream there`;
}

/** Plans, and behind each whose joins give late rows the plan of that output. */
export function withLateOutputs<T extends { plan: ProcessorPlan }>(processors: readonly T[]): T[] {
  return processors.flatMap((processor) => {
    const { name, steps } = processor.plan;
    if (!steps.some(givesLateRows)) return [processor];
    const plan: ProcessorPlan = { name: lateOutputName(name), from: [], steps: [], lateOf: name };
    return [processor, { ...processor, plan }];
  });
}

/** The plan whose joins give the rows of an output of late rows; undefined for any other plan. */
export function joiningPlan({ lateOf }: ProcessorPlan, plans: readonly ProcessorPlan[]): ProcessorPlan | undefined {
  return plans.find(({ name }) => name === lateOf);
}

/** The columns of late rows of a right side. */
export function lateSchema(right: Schema): Schema {
  return new Schema([...right.fields.filter(({ name }) => name !== LATE_FROM), field(LATE_FROM, 'utf8')]);
}

/** Gives right rows the form in which they leave. */
export class LateRowsForm {
  private readonly schemas = new SchemaCache((batch) => lateSchema(batch.schema));

  /** The first rows of a batch. */
  of(batch: Batch, rows: number): Batch {
    const late = sliceRows(batch, 0, rows);
    const from = { values: new Int32Array(rows), nulls: null, dictionary: [batch.stream] };
    const columns = late.columns.filter((_, c) => batch.schema.fields[c]!.name !== LATE_FROM);
    return { ...late, schema: this.schemas.get(batch), columns: [...columns, from] };
  }
}
