import { ConfigError, formatProblem } from '../pipeline/config/problems.js';
import { type Reading, readConfig } from '../pipeline/config/read-config.js';
import type { Arguments, Io } from './command.js';

/** Reads the file of `-c`; warnings go to stderr, errors are thrown all at once. */
export function readChecked(args: Arguments, io: Io): Required<{ [K in keyof Reading]: NonNullable<Reading[K]> }> {
  const file = args.values.config as string;
  const { config, problems, root } = readConfig(file, io.env);
  if (!config || !root) throw new ConfigError(file, problems);
  for (const problem of problems) io.stderr.write(`${formatProblem(file, problem)}\n`);
  return { file, config, problems, root };
}
