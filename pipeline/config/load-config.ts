import type { Config } from './config.js';
import { loadModules } from './load-modules.js';
import { ConfigError } from './problems.js';
import { readConfig } from './read-config.js';
import type { Environment } from './variables.js';

/** Reads and checks a configuration file with its modules; throws ConfigError with all that is wrong with it. */
export async function loadConfig(file: string, environment: Environment = process.env): Promise<Config> {
  const { config, problems } = await loadModules(readConfig(file, environment));
  if (!config) throw new ConfigError(file, problems);
  return config;
}
