/** Why a text is no MQTT topic filter (standard, section 4.7), or null when it is one. */
export function topicFilterFault(filter: string): string | null {
  if (filter === '') return 'is empty';
  for (let i = 0; i < filter.length; i++) {
    const c = filter.charCodeAt(i);
    if (c !== 0x2b && c !== 0x23) continue;
    if (i > 0 && filter.charCodeAt(i - 1) !== 0x2f) return 'has a wildcard that is not a whole level';
    if (c === 0x23 ? i !== filter.length - 1 : i + 1 < filter.length && filter.charCodeAt(i + 1) !== 0x2f) {
      return c === 0x23 ? 'has # before its end' : 'has a wildcard that is not a whole level';
    }
  }
  return null;
}

/**
 * Whether `filter`, which is valid, matches `topic`: `+` one level, `#` the rest and its parent level ([MQTT-4.7.1-2]);
 * a filter that starts with a wildcard does not match topics that start with `$` ([MQTT-4.7.2-1]).
 */
export function topicFilterMatches(filter: string, topic: string): boolean {
  let f = 0;
  let t = 0;
  if (topic.charCodeAt(0) === 0x24 && (filter.charCodeAt(0) === 0x2b || filter.charCodeAt(0) === 0x23)) return false;
  while (f < filter.length) {
    const c = filter.charCodeAt(f);
    if (c === 0x23) return true;
    if (c === 0x2b) {
      while (t < topic.length && topic.charCodeAt(t) !== 0x2f) t++;
      f++;
      continue;
    }
    if (t < topic.length && topic.charCodeAt(t) === c) {
      f++;
      t++;
      continue;
    }
    // `car/#` matches `car` too.
    return t === topic.length && c === 0x2f && f + 2 === filter.length && filter.charCodeAt(f + 1) === 0x23;
  }
  return t === topic.length;
}
