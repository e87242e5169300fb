import { PitwallError } from '../../core/errors.js';

/** LMDB takes keys of up to 1,978 bytes. */
export const FACT_KEY_BYTES_MAX = 1900;

/** `TABLE NUL KEY` in UTF-8: the bytes of a table lie together, its keys in the order of their code points. */
export function factKey(table: string, key: string): Buffer {
  if (table.length === 0 || table.includes('\0')) {
    throw new PitwallError('internal', `"${table}" cannot name a table of facts: it is empty or holds a NUL`, {
      stage: 'bus',
    });
  }
  const bytes = Buffer.from(`${table}\0${key}`);
  if (bytes.length > FACT_KEY_BYTES_MAX) {
    throw new PitwallError(
      'bus-failed',
      `a fact of table "${table}" has a key of ${Buffer.byteLength(key)} bytes; with its table it may have ${FACT_KEY_BYTES_MAX - 1}: use a shorter one, or a hash of it ("${key.slice(0, 40)}…")`,
      { stage: 'bus' },
    );
  }
  return bytes;
}
