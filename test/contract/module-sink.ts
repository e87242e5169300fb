import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModuleSinkOptions } from '../../pipeline/config/sinks/module.js';
import { isStore, makeFromModule } from '../../pipeline/sink-module.js';
import type { Sink } from '../../sinks/sink.js';
import { delivered } from './delivered.js';

/**
 * The sink of a module as a branch has it, `options` being those of the configuration: loaded in the same way, a store with
 * the machinery that delivers to it. What it has to remember is in `folder`.
 */
export async function moduleSink(module: URL, options: ModuleSinkOptions['options'], folder: string): Promise<Sink> {
  const made = await makeFromModule('under-test', { module: fileURLToPath(module), options }, join(folder, 'state'));
  return isStore(made) ? delivered(made, folder) : made;
}
