import type { Batch } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';

/** A step without state, made once from its plan: batches in, batches out, compiled anew for each schema it meets. */
export interface Operator {
  /** The rows after the step; null when none are left. Never changes the batch it is given. */
  apply(batch: Batch): Batch | null;
}

/** Where a step stands, and where it may say something that is worth a warning once. */
export interface StepContext {
  readonly processor: string;
  /** Index of the step in its processor, from 0. */
  readonly step: number;
  warn(message: string): void;
}

export function stepFailed(context: StepContext, what: string, cause?: unknown): PitwallError {
  return new PitwallError('processor-failed', `processor ${context.processor}, steps[${context.step}]: ${what}`, {
    stage: 'processor',
    cause,
  });
}

/** What was compiled for a schema. Streams seldom change theirs, so the last one is looked at first. */
export class SchemaCache<T> {
  private readonly known = new Map<number, T>();
  private lastSchema: Schema | null = null;
  private last: T | null = null;

  constructor(private readonly make: (batch: Batch) => T) {}

  get(batch: Batch): T {
    const { schema } = batch;
    if (schema === this.lastSchema) return this.last!;
    let made = this.known.get(schema.fingerprint);
    if (made === undefined) this.known.set(schema.fingerprint, (made = this.make(batch)));
    this.lastSchema = schema;
    this.last = made;
    return made;
  }
}
