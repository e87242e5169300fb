import type { Schema } from '../../columnar/schema.js';

/** Columns as fields of a document, and of documents in it. */
export type LaidMember = { name: string; column: number } | { name: string; members: LaidMember[] };

export interface DocumentLayout {
  /** Tags that are written, with the name of their field. */
  tags: [tag: string, name: string][];
  members: LaidMember[];
}

interface Group {
  leaves: [part: string, column: number][];
  groups: Map<string, Group>;
}

/** MongoDB takes 100 levels, and who reads has to take them too. */
const LEVELS_MAX = 16;

/**
 * Names in the document. A dot in a column's name leads into a document: `gps.lat` and `gps.lon` are `gps: {lat, lon}`,
 * and a query names them as before. Each field is there once and no column is lost:
 * - A tag that is called like a column is left out (the stream's name holds it).
 * - A name that is taken gets `_` behind it, as often as it takes: first come the document's own fields, then tags, then
 *   columns, then documents of columns. With the columns `gps` and `gps.lat` the second is `gps_.lat`.
 * - A part of a name that begins with `$` gets `_` before it, an empty one is `_`, a NUL is `␀`; dots beyond the 15th are `_`.
 */
export function documentLayout(
  reserved: readonly string[],
  tags: Readonly<Record<string, string>>,
  schema: Schema,
): DocumentLayout {
  const root: Group = { leaves: [], groups: new Map() };
  schema.fields.forEach(({ name }, column) => {
    const parts = partsOf(name);
    const last = parts.pop()!;
    groupAt(root, parts).leaves.push([last, column]);
  });
  const written = Object.keys(tags).filter((tag) => schema.indexOf(tag) < 0);
  const free = namer(reserved, [...written, ...root.leaves.map(([part]) => part), ...root.groups.keys()]);
  const tagNames = written.map((tag): [string, string] => [tag, free(tag)]);
  return { tags: tagNames, members: membersOf(root, free) };
}

function membersOf({ leaves, groups }: Group, free: (name: string) => string): LaidMember[] {
  const members: LaidMember[] = leaves.map(([part, column]) => ({ name: free(part), column }));
  for (const [part, group] of groups) {
    const inside = namer([], [...group.leaves.map(([leaf]) => leaf), ...group.groups.keys()]);
    members.push({ name: free(part), members: membersOf(group, inside) });
  }
  return members;
}

/** Gives each name out once; `wanted` are those that it will be asked for. */
function namer(reserved: readonly string[], wanted: readonly string[]): (name: string) => string {
  const taken = new Set(reserved);
  const asked = new Set(wanted);
  return (name) => {
    let other = name;
    while (taken.has(other) || (other !== name && asked.has(other))) other += '_';
    taken.add(other);
    return other;
  };
}

function groupAt(root: Group, parts: readonly string[]): Group {
  let group = root;
  for (const part of parts) {
    let next = group.groups.get(part);
    if (!next) group.groups.set(part, (next = { leaves: [], groups: new Map() }));
    group = next;
  }
  return group;
}

function partsOf(name: string): string[] {
  const parts = name.split('.');
  if (parts.length > LEVELS_MAX) parts.push(parts.splice(LEVELS_MAX - 1).join('_'));
  return parts.map((part) => {
    // As it is read back: what is no text in UTF-8 becomes U+FFFD.
    const text = Buffer.from(part.replaceAll('\0', '\u2400')).toString();
    return text === '' || text.startsWith('$') ? `_${text}` : text;
  });
}
