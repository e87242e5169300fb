import type { Writable } from 'node:stream';
import { PitwallError } from '../core/errors.js';

/** What the process ends with. 78 is `EX_CONFIG` of BSD sysexits(3). */
export const EXIT = { ok: 0, failure: 1, usage: 2, configuration: 78 } as const;

/**
 * One command of `pitwall`, in a file of its own that exports it as `command`. The dispatcher parses the arguments
 * strictly by `options` (`--help` and `--debug` are added to each), so `run` sees only what it declared.
 * `run` returns the exit code (nothing means 0) or throws: a PitwallError is printed as its message, with the exit
 * code of its kind. Data goes to `io.stdout`, everything else to `io.stderr`.
 */
export interface Command {
  readonly name: string;
  /** One line for the overview, without a full stop. */
  readonly summary: string;
  /** What follows `pitwall NAME`, e.g. `FILE... --to URL [--speed N]`. */
  readonly usage: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Whether words that are no options are allowed; without it they are a usage error. */
  readonly positionals?: boolean;
  /** More lines for `--help`: examples, notes. */
  readonly help?: string;
  run(args: Arguments, io: Io): Promise<number | undefined> | number | undefined | Promise<void>;
}

export interface Option {
  readonly type: 'string' | 'boolean';
  /** One letter. */
  readonly short?: string;
  /** May be given more than once; the value is then a list. */
  readonly multiple?: boolean;
  readonly default?: string | boolean | string[];
  /** How help names the value: `FILE`, `URL`. */
  readonly value?: string;
  /** One line for `--help`. */
  readonly doc: string;
}

export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

export interface Io {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `-c FILE`, the same for all commands that read the configuration. */
export const CONFIG_OPTION: Option = {
  type: 'string',
  short: 'c',
  default: 'pitwall.yaml',
  value: 'FILE',
  doc: 'the configuration file',
};

/** An error in how a command was called: exit code 2. */
export function usageError(message: string): PitwallError {
  return new PitwallError('bad-usage', message, { stage: 'command' });
}
