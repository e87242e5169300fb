import type { Schema } from '../../columnar/schema.js';
import { storableName } from './line-escapes.js';
import type { IsTold } from './told-streams.js';

export type Precision = 'ns' | 'us' | 'ms' | 's';

/** What a user may set about lines. */
export interface LineOptions {
  /** `{stream}` stands for the stream's name, any other `{name}` for the tag of that name; null: the stream's last level. */
  measurement: string | null;
  /**
   * Captures of the stream's pattern and utf8 or bool columns that become tags, and `stream` for the stream's name.
   * What a stream does not have it goes without; a column of another type stays a field. Null: all captures, and
   * `stream` where they do not tell the stream.
   */
  tags: readonly string[] | null;
  /** Columns that become fields, or columns and what they are called as fields. Null: all that are no tags. */
  fields: readonly string[] | Readonly<Record<string, string>> | null;
  /** Unit of the time that is written and sent. */
  precision: Precision;
}

/** What the lines of one stream, schema and set of captures hold. Names are storable, not yet escaped. */
export interface LineLayout {
  measurement: string;
  /** In the order of their names' bytes, as the store likes them. Those with a value are the same in each row. */
  tags: LineTag[];
  fields: { column: number; name: string }[];
}

export type LineTag = { name: string; value: string } | { name: string; column: number };

type Tags = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;
/** What stands for a tag that a stream does not have, or has empty. */
const OTHER = 'other';
/** Names that InfluxDB takes for its own; a point with one of them is refused or dropped. */
const RESERVED = ['time', '_measurement', '_field'];

/**
 * Names in InfluxDB. A tag or field that is called like one of InfluxDB's own, and a field that is called like a tag,
 * gets `_` behind its name, as often as it takes. A capture goes before a column of the same name, which stays a field:
 * without the tag, rows of different streams would be one series.
 */
export class LineTemplate {
  constructor(
    private readonly options: LineOptions,
    private readonly isTold: IsTold = () => true,
  ) {}

  get precision(): Precision {
    return this.options.precision;
  }

  layout(stream: string, schema: Schema, captures: Tags): LineLayout {
    const { names, columns } = this.tagsOf(stream, schema, captures);
    const fields = this.fieldsOf(schema, columns);
    const asked = new Set([...names.map(([name]) => name), ...fields.map(({ name }) => name)]);
    const taken = new Set(RESERVED);
    const free = (name: string): string => {
      let other = name;
      while (taken.has(other) || (other !== name && asked.has(other))) other += '_';
      taken.add(other);
      return other;
    };
    const tags = names.map(([name, value]): LineTag => {
      const written = free(name);
      return typeof value === 'string' ? { name: written, value } : { name: written, column: value };
    });
    tags.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    return {
      measurement: this.measurementOf(stream, captures),
      tags,
      fields: fields.map(({ column, name }) => ({ column, name: free(name) })),
    };
  }

  private measurementOf(stream: string, captures: Tags): string {
    const { measurement } = this.options;
    if (measurement === null) return storableName(stream.slice(stream.lastIndexOf('/') + 1) || OTHER);
    const tagOf = (_: string, tag: string): string => (tag === 'stream' ? stream : captures[tag]) || OTHER;
    return storableName(measurement.replaceAll(PLACEHOLDER, tagOf) || OTHER);
  }

  /** Tags with their value or column; empty values, which the line protocol does not have, are left out. */
  private tagsOf(stream: string, schema: Schema, captures: Tags) {
    const names: [name: string, value: string | number][] = [];
    const columns = new Set<number>();
    for (const name of new Set(this.options.tags ?? Object.keys(captures))) {
      const value = Object.hasOwn(captures, name) ? captures[name]! : name === 'stream' ? stream : null;
      if (value !== null) {
        if (value !== '') names.push([storableName(name), storableName(value)]);
        continue;
      }
      const column = schema.indexOf(name);
      const type = schema.fields[column]?.type;
      if (name === '' || (type !== 'utf8' && type !== 'bool')) continue;
      names.push([storableName(name), column]);
      columns.add(column);
    }
    if (this.options.tags === null && !this.isTold(stream, captures)) names.push(['stream', storableName(stream)]);
    return { names, columns };
  }

  private fieldsOf(schema: Schema, tagColumns: ReadonlySet<number>): { column: number; name: string }[] {
    const { fields } = this.options;
    if (fields === null) {
      return schema.fields.flatMap(({ name }, column) =>
        tagColumns.has(column) ? [] : [{ column, name: storableName(name || '_') }],
      );
    }
    const chosen = Array.isArray(fields)
      ? fields.map((name): [string, string] => [name, name])
      : Object.entries(fields);
    return chosen.flatMap(([from, name]) => {
      const column = schema.indexOf(from);
      return column < 0 ? [] : [{ column, name: storableName(name || '_') }];
    });
  }
}
