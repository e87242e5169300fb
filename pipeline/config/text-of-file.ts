import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { formatBytes } from '../../core/units.js';

/** The text of a file that the configuration names, without a byte order mark. Throws an Error that says what is wrong. */
export function textOfFile(path: string, bytesMax: number): string {
  let bytes: Buffer;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error('this is no file');
    if (stat.size > bytesMax) {
      throw new Error(`the file has ${formatBytes(stat.size)}, more than ${formatBytes(bytesMax)}`);
    }
    bytes = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error('there is no such file; a relative path begins in the folder of this file');
    throw new Error(code ? `cannot be read (${code})` : message);
  }
  if (!isUtf8(bytes)) throw new Error('the file is no UTF-8 text');
  const text = bytes.toString();
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
