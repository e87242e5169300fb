import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { moduleSink, parseExactly, storedRows } from 'pitwall/sink-contract';

const pathOf = (folder) => join(folder, 'all.jsonl');

export const underTest = {
  make: (folder) => moduleSink(new URL('./one-file.ts', import.meta.url), { path: pathOf(folder) }, folder),
  async readRows(folder) {
    const text = existsSync(pathOf(folder)) ? readFileSync(pathOf(folder), 'utf8') : '';
    return storedRows(text.split('\n').filter(Boolean).map(parseExactly));
  },
  // JSON has no NaN and no infinities.
  stored: (cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell),
};
