import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SHOWN = 15;

interface RunnerEvent {
  type: string;
  data: { name?: string; file?: string; nesting?: number; details?: { duration_ms?: number } };
}

/** A reporter for node's runner: which files took the longest, and how long all of them took one after the other. */
export default async function* fileDurations(events: AsyncIterable<RunnerEvent>): AsyncGenerator<string> {
  const seconds = new Map<string, number>();
  for await (const { type, data } of events) {
    // A file is a test around its tests, and has its path as name.
    if (type !== 'test:complete' || data.name === undefined || data.name !== data.file) continue;
    seconds.set(relative(root, data.file).replace(/\.js$/, ''), (data.details?.duration_ms ?? 0) / 1000);
  }
  const slowest = [...seconds].sort((a, b) => b[1] - a[1]);
  const sum = slowest.reduce((total, [, each]) => total + each, 0);
  yield `\n${seconds.size} files, ${sum.toFixed(0)} s in all; the slowest:\n`;
  for (const [file, each] of slowest.slice(0, SHOWN)) yield `${each.toFixed(1).padStart(7)} s  ${file}\n`;
}
