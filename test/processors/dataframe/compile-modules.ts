import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export interface CompileFault {
  file: string;
  /** From 1. */
  line: number;
  message: string;
}

/**
 * What the project's own tsc says of the modules of a folder, which import `pitwall` as a package that is installed beside
 * them, and so see its declarations as users do.
 */
export function compileModules(folder: string): CompileFault[] {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/pitwall'));
  const compilerOptions = { rootDir: '.', outDir: './out', typeRoots: [join(root, 'node_modules/@types')] };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', '.', '--noEmit', '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const faults = [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+: [^\n]*(?:\n {2}[^\n]*)*)/gm)].map(
    ([, file, line, message]) => ({ file: file!, line: Number(line), message: message! }),
  );
  assert.equal(status === 0, faults.length === 0, stdout);
  return faults;
}
