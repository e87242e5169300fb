import type { ObjectRange } from './object-name.js';
import { comparePoints, type Point } from './point.js';

/** An object of an earlier run, whose rows may be fed again. */
export interface KnownObject extends ObjectRange {
  key: string;
  /** It is in the store. If not, or if nobody knows yet, it is made once more, with the same rows under the same name. */
  stored: boolean;
}

/** Objects of one partition that were there, or were to be, when the sink was opened. */
export class KnownObjects {
  /** By folder and source, in the order of their rows. */
  private readonly series = new Map<string, KnownObject[]>();
  /** First rows of each source's objects, ascending; those that were passed are gone, but for the last. */
  private readonly firsts = new Map<string, Point[]>();

  constructor(objects: readonly KnownObject[], lastFirsts: readonly { source: string; first: Point }[]) {
    for (const { source, first } of [...lastFirsts, ...objects]) append(this.firsts, source, first);
    for (const object of objects) append(this.series, seriesOf(object.folder, object.source), object);
    for (const list of this.firsts.values()) list.sort(comparePoints);
    for (const list of this.series.values()) list.sort((a, b) => comparePoints(a.first, b.first));
  }

  /** The series's next object that ends behind `point`. Points of a series never go back. */
  next(folder: string, source: string, point: Point): KnownObject | undefined {
    if (this.series.size === 0) return undefined;
    const name = seriesOf(folder, source);
    const list = this.series.get(name);
    while (list && list.length > 0 && comparePoints(list[0]!.last, point) < 0) list.shift();
    if (list?.length === 0) this.series.delete(name);
    return list?.[0];
  }

  /** Takes note of an object that is begun; returns the first row of the source's object before it. */
  begin(source: string, first: Point): Point | null {
    const list = this.firsts.get(source);
    if (!list) {
      this.firsts.set(source, [first]);
      return null;
    }
    while (list.length > 1 && comparePoints(list[1]!, first) < 0) list.shift();
    const previous = comparePoints(list[0]!, first) < 0 ? list[0]! : null;
    if (previous === null) {
      if (comparePoints(list[0]!, first) > 0) list.unshift(first);
      return null;
    }
    if (list.length === 1) list[0] = first;
    else if (comparePoints(list[1]!, first) === 0) list.shift();
    else list[0] = first;
    return previous;
  }
}

function seriesOf(folder: string, source: string): string {
  return `${source} ${folder}`;
}

function append<T>(map: Map<string, T[]>, name: string, item: T): void {
  const list = map.get(name);
  if (list) list.push(item);
  else map.set(name, [item]);
}
