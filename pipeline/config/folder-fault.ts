import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Why a folder cannot be written or made, or null. Changes nothing on the disk. Messages do not hold the path, which
 * may come from a variable.
 */
export async function folderFault(path: string): Promise<string | null> {
  let folder = path;
  for (;;) {
    try {
      const found = await stat(folder);
      if (!found.isDirectory())
        return folder === path ? 'there is a file in place of the folder' : 'a folder above it is a file';
      await access(folder, constants.W_OK | constants.X_OK);
      return null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR') return 'a folder above it is a file';
      if (code !== 'ENOENT')
        return folder === path ? `the folder cannot be written (${code})` : `the folder cannot be made (${code})`;
      const above = dirname(folder);
      if (above === folder) return 'the folder cannot be made';
      folder = above;
    }
  }
}
