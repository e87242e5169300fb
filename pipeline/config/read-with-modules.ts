import { dirname, resolve } from 'node:path';
import { loadModule } from '../../processors/modules/load-module.js';
import { child, itemsOf, textOf } from './config-node.js';
import { type Loaded, loadModules } from './load-modules.js';
import { readConfig } from './read-config.js';
import { readDocument } from './read-document.js';
import type { Environment } from './variables.js';

/**
 * Reads a configuration file with all that it names. Modules under `modules` come first, since what they add, such as
 * aggregates, may stand in the file; one that cannot be loaded is reported with the rest.
 */
export async function readWithModules(file: string, environment: Environment): Promise<Loaded> {
  const { root } = readDocument(file, environment, '');
  for (const node of root ? itemsOf(child(root, 'modules')) : []) {
    const path = textOf(node);
    if (path) await loadModule(resolve(dirname(resolve(file)), path)).catch(() => {});
  }
  return loadModules(readConfig(file, environment));
}
