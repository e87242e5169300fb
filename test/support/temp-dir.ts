import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.js';

/** A fresh folder that is removed when the process ends. */
export function tempDir(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `pitwall-${name}-`));
  atExit(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
