import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The text of each stream's file below a folder of a file sink, by the stream's name. */
export function jsonLines(dir: string): Map<string, string> {
  if (!existsSync(dir)) return new Map();
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith('.jsonl'),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [relative(dir, path).slice(0, -'.jsonl'.length), textOf(path)]));
}

/** A sink that opens again takes away what it has not kept, and that may be the whole file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export function lineCount(text: string): number {
  return text.split('\n').length - 1;
}

/** Rows of all streams below the folders. */
export function rowCount(...dirs: string[]): number {
  let rows = 0;
  for (const dir of dirs) for (const text of jsonLines(dir).values()) rows += lineCount(text);
  return rows;
}

/** The rows of each stream over several folders, sorted: each line as often as it is there. */
export function unionOf(dirs: readonly string[]): Map<string, string[]> {
  const union = new Map<string, string[]>();
  for (const dir of dirs) {
    for (const [stream, text] of jsonLines(dir)) {
      const lines = text.split('\n').slice(0, -1);
      union.set(stream, [...(union.get(stream) ?? []), ...lines]);
    }
  }
  for (const lines of union.values()) lines.sort();
  return union;
}
