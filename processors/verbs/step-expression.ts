import type { Batch } from '../../columnar/batch.js';
import { suggest } from '../../core/suggest.js';
import type { Node } from '../expressions/ast.js';
import { type CompiledExpression, compileExpression } from '../expressions/compile.js';
import { ExpressionError } from '../expressions/fault.js';
import { parseExpression } from '../expressions/parser.js';
import { type StepContext, stepFailed } from './step-context.js';

/** An expression of a step, parsed once, compiled for each schema. `where` names its place: `columns.kmh`. */
export class StepExpression {
  private readonly node: Node;

  constructor(
    readonly text: string,
    private readonly where: string,
    private readonly context: StepContext,
  ) {
    try {
      this.node = parseExpression(text);
    } catch (cause) {
      throw this.fault(cause);
    }
  }

  /** Columns the stream does not have (yet) count as null, which is said once a stream. */
  compile(batch: Batch): CompiledExpression {
    let compiled: CompiledExpression;
    try {
      compiled = compileExpression(this.node, batch.schema);
    } catch (cause) {
      throw this.fault(cause, batch.stream);
    }
    for (const name of compiled.missing) {
      const meant = suggest(
        name,
        batch.schema.fields.map((f) => f.name),
      );
      this.context.warn(
        `${this.where}: "${this.text}" reads column ${name}, which the rows of ${batch.stream} do not have so far; it counts as null${meant ? `; did you mean ${meant}?` : ''}`,
      );
    }
    return compiled;
  }

  private fault(cause: unknown, stream?: string): Error {
    if (!(cause instanceof ExpressionError)) return cause as Error;
    const rows = stream ? ` for the rows of ${stream}` : '';
    const { at, message } = cause.fault;
    return stepFailed(this.context, `${this.where}: "${this.text}"${rows}, at character ${at + 1}: ${message}`, cause);
  }
}
