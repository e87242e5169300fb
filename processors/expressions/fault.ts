/** What is wrong with an expression, and where in its text: `at` counts from 0 in UTF-16 units. */
export interface ExpressionFault {
  at: number;
  length: number;
  message: string;
  /** What was probably meant, to be put in place of the marked text. */
  suggestion: string | null;
}

/** Raised by the parser, which stops at the first fault. */
export class ExpressionError extends Error {
  constructor(readonly fault: ExpressionFault) {
    super(fault.message);
    this.name = 'ExpressionError';
  }
}

export function refuse(at: number, length: number, message: string, suggestion: string | null = null): never {
  throw new ExpressionError({ at, length, message, suggestion });
}
