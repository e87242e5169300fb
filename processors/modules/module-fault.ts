import { dirname, resolve } from 'node:path';
import type { Message } from 'esbuild';
import { PitwallError } from '../../core/errors.js';
import { userPlace } from './user-place.js';

/** A fault of a user's module as a whole: `MODULE WHAT`. */
export function badModule(path: string, what: string, cause?: unknown): PitwallError {
  return new PitwallError('bad-configuration', `${path} ${what}`, { stage: 'configuration', cause });
}

/** What went wrong when a module was imported, with its place in the user's files as `FILE:LINE:COLUMN: what`. */
export async function loadFault(path: string, error: unknown): Promise<PitwallError> {
  if (error instanceof SyntaxError) return syntaxFault(path, error);
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT') {
    const what = code === 'ERR_MODULE_NOT_FOUND' ? message!.replace(/^Cannot find/, 'does not find') : message!;
    const advice = /^Cannot find package/.test(message!)
      ? 'install the package beside the module'
      : 'write the import with the ending of the file';
    return badModule(path, `cannot be loaded: it ${what}; ${advice}`.replace('it Directory', 'directory'), error);
  }
  return thrownFault(path, error);
}

/** An error that a module throws, as Pitwall's verbs do in it, with its place. */
export function thrownFault(path: string, error: unknown): PitwallError {
  const what = error instanceof PitwallError ? error.message : `it throws ${String(error)}`;
  const place = userPlace(error) ?? path;
  return new PitwallError('bad-configuration', `${place}: ${what}`, { stage: 'configuration', cause: error });
}

/** Node does not say where a module has its fault, so all that it imports is parsed again. */
async function syntaxFault(path: string, error: SyntaxError): Promise<PitwallError> {
  const first = await firstFault(path);
  if (!first?.location) {
    const place = userPlace(error);
    return badModule(path, `cannot be loaded: ${error.message}${place ? ` (${place})` : ''}`, error);
  }
  const { file, line, column, lineText } = first.location;
  const what = `${resolve(dirname(path), file)}:${line}:${column + 1}: ${first.text}\n  ${lineText.trim()}`;
  return new PitwallError('bad-configuration', what, { stage: 'configuration', cause: error });
}

async function firstFault(path: string): Promise<Message | null> {
  const { buildSync } = await import('esbuild');
  try {
    buildSync({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
    });
    return null;
  } catch (failure) {
    return (failure as { errors?: Message[] }).errors?.[0] ?? null;
  }
}
