import { ExpressionError } from '../expressions/fault.js';
import { type StepContext, stepFailed } from '../verbs/step-context.js';
import type { Place } from './layout.js';

export type { StepContext };

/** Errors and warnings of the aggregates of one step, which say where they come from. `where`: `window.aggregate`. */
export class StepPlace {
  constructor(
    private readonly where: string,
    private readonly context: StepContext,
  ) {}

  /** The error of the step for something raised at a place. */
  failed({ column, text }: Place, cause: unknown, stream?: string): Error {
    const rows = stream ? ` for the rows of ${stream}` : '';
    const at = cause instanceof ExpressionError ? `, at character ${cause.fault.at + 1}` : '';
    const message = cause instanceof Error ? cause.message : String(cause);
    return stepFailed(this.context, `${this.where}.${column}: "${text}"${rows}${at}: ${message}`, cause);
  }

  warn({ column, text }: Place, message: string): void {
    this.context.warn(`${this.where}.${column}: "${text}" ${message}`);
  }
}
