import { join } from 'node:path';
import { open } from 'lmdb';
import { moduleSink, parseExactly, storedRows } from 'pitwall/sink-contract';

const pathOf = (folder) => join(folder, 'rows.lmdb');

/** What the contract has to know: how to make the sink over a folder, and how to read back what is there. */
export const underTest = {
  make: (folder) => moduleSink(new URL('./lmdb-rows.ts', import.meta.url), { path: pathOf(folder) }, folder),
  async readRows(folder) {
    const database = open({ path: pathOf(folder), encoding: 'string', readOnly: true });
    const lines = [...database.getRange()].map(({ value }) => value);
    await database.close();
    return storedRows(lines.map(parseExactly));
  },
  // LMDB sorts by the text of the key.
  ordered: false,
  // JSON has no NaN and no infinities.
  stored: (cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell),
};
