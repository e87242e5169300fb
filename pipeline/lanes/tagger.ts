import type { BusRecord } from '../../bus/bus.js';
import { StreamPattern } from '../../core/stream-pattern.js';

const CACHE_MAX = 50_000;

/**
 * The tags of a stream's rows: what the declared patterns and the reader's own patterns capture of its name. Null when
 * the reader takes streams by pattern and none of its patterns matches.
 */
export class Tagger {
  private readonly declared: StreamPattern[];
  private readonly own: StreamPattern[];
  private readonly cache = new Map<string, Readonly<Record<string, string>> | null>();

  constructor(declared: readonly string[], own: readonly string[]) {
    this.declared = declared.map((text) => new StreamPattern(text));
    this.own = own.map((text) => new StreamPattern(text));
  }

  tags(stream: string): Readonly<Record<string, string>> | null {
    const known = this.cache.get(stream);
    if (known !== undefined) return known;
    if (this.cache.size >= CACHE_MAX) this.cache.clear();
    const tags = this.find(stream);
    this.cache.set(stream, tags);
    return tags;
  }

  private find(stream: string): Record<string, string> | null {
    const own = captures(this.own, stream);
    if (own.length === 0) return null;
    return Object.assign({}, ...captures(this.declared, stream), ...own);
  }
}

/** The tags that a record of a processor's output brings. */
export function recordTags({ tags }: Pick<BusRecord, 'tags'>): Readonly<Record<string, string>> {
  return tags === '' ? {} : (JSON.parse(tags) as Record<string, string>);
}

/** What each pattern that matches captures; the first pattern's come last, so that they win when merged in order. */
function captures(patterns: readonly StreamPattern[], stream: string): Record<string, string>[] {
  return patterns
    .map((pattern) => pattern.match(stream))
    .filter((tags) => tags !== null)
    .reverse();
}
