/** What the snapshots of a graph gave and did not take back, where it is kept. */
export interface StateStore {
  /** Entries whose keys begin with a text, ascending by the UTF-8 bytes of their keys. Values may be views, valid until the next. */
  under(prefix: string): Iterable<[key: string, value: Uint8Array]>;
}

/** A store in memory, for state that was read as a whole. */
export function storeOf(entries: Iterable<readonly [key: string, value: Uint8Array]>): StateStore {
  const all = [...entries].map(([key, value]): [string, Uint8Array] => [key, new Uint8Array(value)]);
  all.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return { under: (prefix) => all.filter(([key]) => key.startsWith(prefix)) };
}
