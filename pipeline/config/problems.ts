import { type ErrorCode, PitwallError } from '../../core/errors.js';

/** One fault of a configuration file. Line and column count from 1, columns in UTF-16 units, as editors do. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly severity: 'error' | 'warning';
  readonly code: Extract<ErrorCode, 'bad-configuration' | 'not-supported'>;
}

/** Collects the problems of one file, so that a reader sees all of them at once. */
export class Problems {
  private readonly found: Problem[] = [];
  private readonly said = new Set<string>();
  private readonly lineStarts: number[] = [0];

  /** `file` is what messages call the file; `text` gives the positions their lines. */
  constructor(
    readonly file: string,
    text: string,
  ) {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.lineStarts.push(i + 1);
  }

  error(offset: number, message: string): void {
    this.add(offset, message, 'error', 'bad-configuration');
  }

  /** A feature that is known but not there yet. */
  notYet(offset: number, what: string): void {
    this.add(offset, `${what} is known but not part of this version yet`, 'error', 'not-supported');
  }

  warn(offset: number, message: string): void {
    this.add(offset, message, 'warning', 'bad-configuration');
  }

  get hasErrors(): boolean {
    return this.found.some((problem) => problem.severity === 'error');
  }

  /** All, in the order of the file. */
  list(): Problem[] {
    return [...this.found].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** Line and column of an offset. */
  placeOf(offset: number): Pick<Problem, 'line' | 'column'> {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.lineStarts[low]! + 1 };
  }

  private add(offset: number, message: string, severity: Problem['severity'], code: Problem['code']): void {
    const problem: Problem = { ...this.placeOf(offset), message, severity, code };
    // An alias is checked wherever it is used; its faults stand in the file once.
    const key = `${offset} ${message}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.found.push(problem);
  }
}

/** `FILE:LINE:COLUMN: what`. */
export function formatProblem(file: string, problem: Problem): string {
  const word = problem.severity === 'warning' ? 'warning: ' : '';
  return `${file}:${problem.line}:${problem.column}: ${word}${problem.message}`;
}

/** Raised for an invalid file; its message is all problems, one a line. `not-supported` when there are no others. */
export class ConfigError extends PitwallError {
  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    const errors = problems.filter((problem) => problem.severity === 'error');
    super(
      errors.length > 0 && errors.every((problem) => problem.code === 'not-supported')
        ? 'not-supported'
        : 'bad-configuration',
      problems.map((problem) => formatProblem(file, problem)).join('\n'),
      { stage: 'configuration' },
    );
    this.name = 'ConfigError';
  }
}
