import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const VERSION = '3.28.1';
const INSTALL_MS = 300_000;
const run = promisify(execFile);

/** A Python that has Quix Streams, installed into a cache the first time; or why there is none. */
export async function quixPython(log: (line: string) => void): Promise<{ python: string } | string> {
  const cache = process.env.PITWALL_BENCH_CACHE ?? join(homedir(), '.cache', 'pitwall-bench');
  const dir = join(cache, `quixstreams-${VERSION}`);
  const python = join(dir, 'bin', 'python');
  if (existsSync(python)) return { python };
  mkdirSync(cache, { recursive: true });
  log(`installing quixstreams ${VERSION} into ${cache}, once`);
  const partial = mkdtempSync(`${dir}.partial-`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `quixstreams==${VERSION}`];
  try {
    await run(process.env.PITWALL_BENCH_PYTHON ?? 'python3', ['-m', 'venv', partial], { timeout: INSTALL_MS });
    await run(join(partial, 'bin', 'python'), pip, { timeout: INSTALL_MS });
    renameSync(partial, dir);
    return { python };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another process may have been first.
    if (existsSync(python)) return { python };
    const { message, stderr } = error as Error & { stderr?: string };
    const why = (stderr || message).trim().split('\n').at(-1);
    return `quixstreams ${VERSION} cannot be installed (set PITWALL_BENCH_PYTHON to a Python from 3.9 with pip): ${why}`;
  }
}
