import type { Loaded } from '../pipeline/config/load-modules.js';
import { ConfigError, formatProblem } from '../pipeline/config/problems.js';
import { readWithModules } from '../pipeline/config/read-with-modules.js';
import type { Arguments, Io } from './command.js';

/** Reads the file of `-c` with its modules; warnings go to stderr, errors are thrown all at once. */
export async function readChecked(args: Arguments, io: Io): Promise<{ [K in keyof Loaded]: NonNullable<Loaded[K]> }> {
  const file = args.values.config as string;
  const { config, problems, root } = await readWithModules(file, io.env);
  if (!config || !root) throw new ConfigError(file, problems);
  for (const problem of problems) io.stderr.write(`${formatProblem(file, problem)}\n`);
  return { file, config, problems, root };
}
