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
  /** An object between others is missing, that was begun before `key` was, with its first row at `first`. */
  | { kind: 'gap'; source: string; partition: number; key: string; first: Point };

/** Keys that are held, about; those of one source together, however many they are. */
const HELD_MAX = 200_000;
const PASSES_MAX = 1_024;

/**
 * What is wrong with the objects that are listed, from their names alone. Where there are many, they are listed several
 * times, for a share of the sources each time, so that no more than about `heldMax` keys are held.
 */
export async function findFaults(
  list: () => AsyncIterable<{ key: string }>,
  heldMax: number = HELD_MAX,
): Promise<RangeFault[]> {
  const faults: RangeFault[] = [];
  for (let pass = 0, passes = 1; pass < passes; pass++) {
    let keys: string[] = [];
    const isMeant = (key: string) => shareOf(key) % passes === pass;
    for await (const { key } of list()) {
      if (parseKey(key) === null || !isMeant(key)) continue;
      keys.push(key);
      // The first pass finds out how many it takes: half of a share is a share of twice as many.
      while (pass === 0 && keys.length > heldMax && passes < PASSES_MAX) {
        passes *= 2;
        keys = keys.filter(isMeant);
      }
    }
    faults.push(...faultsOf(rangesOf(keys)));
  }
  return faults;
}

export function faultText(fault: RangeFault): string {
  if (fault.kind === 'overlap') return `${fault.keys[0]} and ${fault.keys[1]} have rows in common`;
  const { offset, row } = fault.first;
  return `an object is missing before ${fault.key}, that with the row ${row} of offset ${offset} as its first`;
}

/** The same for the objects of one source. */
function shareOf(key: string): number {
  return Number.parseInt(parseKey(key)!.source.slice(-8), 16);
}

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
 * was begun before it: where none begins there, one is missing. That the newest are missing no name can tell, and the oldest
 * may be deleted by age.
 */
export function faultsOf(ranges: readonly SourceRanges[]): RangeFault[] {
  return ranges.flatMap(({ source, partition, objects }) => {
    const faults: RangeFault[] = [];
    const oldest = objects[0]!.first;
    const firsts = new Set(objects.map(({ first }) => pointText(first)));
    const lastOf = new Map<string, ObjectRange & { key: string }>();
    for (const object of objects) {
      const { folder, key, previous, first, last } = object;
      const before = lastOf.get(folder);
      if (before && comparePoints(first, before.last) <= 0) {
        faults.push({ kind: 'overlap', source, partition, keys: [before.key, key] });
      }
      if (!before || comparePoints(before.last, last) < 0) lastOf.set(folder, object);
      if (previous !== null && comparePoints(previous, oldest) > 0 && !firsts.has(pointText(previous))) {
        faults.push({ kind: 'gap', source, partition, key, first: previous });
      }
    }
    return faults;
  });
}
