import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shared = process.env.PITWALL_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));

/** Options for a test that needs something of the shared material: skipped, loudly, where it is absent. */
export function needs(path: string): { skip: string | false } {
  if (existsSync(join(shared, path))) return { skip: false };
  const message = `SKIPPED: ${path} is absent; set PITWALL_SHARED to the folder that holds it`;
  process.stderr.write(`${message}\n`);
  return { skip: message };
}

export function sharedPath(path: string): string {
  return join(shared, path);
}
