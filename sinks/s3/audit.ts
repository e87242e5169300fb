import { type ObjectRange, parseKey } from './object-name.js';
import { comparePoints, type Point, pointText } from './point.js';

/** What the names of objects say of one stream of one log on one partition. */
export interface SourceRanges {
  /** As `sourceOf` makes it of the topic and the stream. */
  source: string;
  partition: number;
  /** In the order of their first rows. */
  objects: (ObjectRange & { key: string })[];
}

export type RangeFault =
  /** Two objects of the same folder have rows in common, which are so in the store twice. */
  | { kind: 'overlap'; source: string; partition: number; keys: [string, string] }
  /** An object is missing that was begun before `key` was, with its first row at `first`. */
  | { kind: 'gap'; source: string; partition: number; key: string; first: Point };

/** The ranges that these keys of objects name; keys of anything else are left out. */
export function rangesOf(keys: Iterable<string>): SourceRanges[] {
  const sources = new Map<string, SourceRanges>();
  for (const key of keys) {
    const range = parseKey(key);
    if (range === null) continue;
    const { source, partition } = range;
    const name = `${source} ${partition}`;
    const known = sources.get(name);
    if (known) known.objects.push({ ...range, key });
    else sources.set(name, { source, partition, objects: [{ ...range, key }] });
  }
  for (const { objects } of sources.values()) objects.sort((a, b) => comparePoints(a.first, b.first));
  return [...sources.values()];
}

/**
 * What is wrong with the ranges of each source. Rows of one stream go to several folders at a time, so ranges of different
 * folders may cross; those of one folder follow one another. Each object names the first row of the stream's object that
 * was begun before it: where none begins there, one is missing. That the newest are missing no name can tell.
 */
export function faultsOf(ranges: readonly SourceRanges[]): RangeFault[] {
  return ranges.flatMap(({ source, partition, objects }) => {
    const faults: RangeFault[] = [];
    const firsts = new Set(objects.map(({ first }) => pointText(first)));
    const lastOf = new Map<string, ObjectRange & { key: string }>();
    for (const object of objects) {
      const { folder, key, previous, first, last } = object;
      const before = lastOf.get(folder);
      if (before && comparePoints(first, before.last) <= 0) {
        faults.push({ kind: 'overlap', source, partition, keys: [before.key, key] });
      }
      if (!before || comparePoints(before.last, last) < 0) lastOf.set(folder, object);
      if (previous !== null && !firsts.has(pointText(previous))) {
        faults.push({ kind: 'gap', source, partition, key, first: previous });
      }
    }
    return faults;
  });
}
