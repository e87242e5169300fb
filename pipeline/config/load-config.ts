import type { Config } from './config.js';
import { ConfigError } from './problems.js';
import { readWithModules } from './read-with-modules.js';
import type { Environment } from './variables.js';

/** Reads and checks a configuration file with its modules; throws ConfigError with all that is wrong with it. */
export async function loadConfig(file: string, environment: Environment = process.env): Promise<Config> {
  const { config, problems } = await readWithModules(file, environment);
  if (!config) throw new ConfigError(file, problems);
  return config;
}
