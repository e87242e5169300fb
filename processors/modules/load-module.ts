import { existsSync, readdirSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { basename, dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suggestion } from '../../core/suggest.js';
import { badModule, loadFault } from './module-fault.js';

const ENDINGS = ['.ts', '.mts', '.js', '.mjs'];
/** A module that waits for something outside when it is loaded (top-level await) may take so long. */
const LOAD_MS_MAX = 30_000;

let registered = false;

/**
 * Loads a user's JavaScript or TypeScript module as it stands and gives what it exports. The path is absolute. Loading it
 * again in the same thread gives the same exports, whatever the file has become. Throws `bad-configuration` with the place
 * in the user's file where there is one: no such file, wrong syntax, an import that is not found, an error it throws.
 */
export async function loadModule(path: string): Promise<Record<string, unknown>> {
  checkFile(path);
  if (!registered) {
    // Source maps are on for what a thread loads after this call.
    process.setSourceMapsEnabled(true);
    register(new URL('./module-hooks.js', import.meta.url));
    registered = true;
  }
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, LOAD_MS_MAX, null);
  });
  try {
    const module = (await Promise.race([import(pathToFileURL(path).href), tooLong])) as Record<string, unknown> | null;
    if (module) return module;
  } catch (error) {
    throw await loadFault(path, error);
  } finally {
    clearTimeout(timer);
  }
  throw badModule(path, `is not loaded after ${LOAD_MS_MAX / 1000} s; what does it await at its top level?`);
}

function checkFile(path: string): void {
  if (!ENDINGS.includes(extname(path))) {
    throw badModule(path, `is no module: its name must end in ${ENDINGS.slice(0, -1).join(', ')} or ${ENDINGS.at(-1)}`);
  }
  if (existsSync(path)) {
    if (statSync(path).isFile()) return;
    throw badModule(path, 'is a folder; name the file of the module');
  }
  const folder = dirname(path);
  if (!existsSync(folder)) throw badModule(path, 'is not there, nor is its folder; check the path');
  const others = readdirSync(folder).filter((name) => ENDINGS.includes(extname(name)));
  const meant = suggestion(basename(path), others, 'modules in this folder');
  throw badModule(path, `is not there${meant || '; check the path'}`);
}
