import type { Config } from './config.js';
import { ConfigError } from './problems.js';
import { readConfig } from './read-config.js';
import type { Environment } from './variables.js';

/** Reads and checks a configuration file; throws ConfigError with all problems when anything is wrong with it. */
export function loadConfig(file: string, environment: Environment = process.env): Config {
  const { config, problems } = readConfig(file, environment);
  if (!config) throw new ConfigError(file, problems);
  return config;
}
