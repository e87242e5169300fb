import type { Schema } from '../../columnar/schema.js';

export interface ColumnNames {
  /** Tags that are written, `[tag, name in the file]`. */
  tags: [tag: string, name: string][];
  /** The name in the file of each column of the schema. */
  columns: string[];
}

/**
 * Names in the file: the row's own (`stream` and its time), tags, columns; each once. A tag that is called like a
 * column is left out (the stream's name holds it); a tag or column that is called like one of the row's own gets `_`
 * behind its name, as often as it takes.
 */
export function columnNames(
  reserved: readonly string[],
  tags: Readonly<Record<string, string>>,
  schema: Schema,
): ColumnNames {
  const written = Object.keys(tags).filter((tag) => schema.indexOf(tag) < 0);
  const taken = new Set([...reserved, ...written, ...schema.fields.map((f) => f.name)]);
  const free = (name: string): string => {
    if (!reserved.includes(name)) return name;
    let other = `${name}_`;
    while (taken.has(other)) other += '_';
    taken.add(other);
    return other;
  };
  return { tags: written.map((tag) => [tag, free(tag)]), columns: schema.fields.map((f) => free(f.name)) };
}
