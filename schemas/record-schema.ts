import { type ColumnType, type Field, field, Schema } from '../columnar/schema.js';
import { COLUMNS_MAX, JSON_DEPTH_MAX } from '../core/limits.js';
import { suggestion } from '../core/suggest.js';
import { kindOf, widerField } from './evolution.js';

/**
 * The columns of the rows that an Avro record describes; `json` is what its avsc file holds:
 *
 * | Avro | column |
 * |---|---|
 * | `double`, `float`, `long`, `int` | `f64`, `f32`, `i64`, `i32` |
 * | `boolean`; `string` and enums | `bool`; `utf8` |
 * | a record in a field | its fields, with dotted names: `gps.lat` |
 * | a union with `null` | that of the other; any cell may be null |
 * | a union of numbers | the narrowest that takes them all |
 *
 * A logical type says nothing of a column: a `timestamp-millis` is its `long`. A field with a `column` is the column of
 * that name, for names that Avro does not allow. Throws an Error that names the field where there is anything else.
 */
export function recordSchema(json: unknown): Schema {
  if (asObject(json)?.type !== 'record') throw new Error(NO_RECORD);
  const reader = new RecordReader();
  const [root] = reader.alternatives(json, { where: 'the record', namespace: '', depth: 0 });
  reader.columnsOf(root as RecordType, '', 0);
  return new Schema(reader.columns);
}

const NO_RECORD =
  'holds no Avro record; write { "type": "record", "name": "Imu", "fields": [{ "name": "ax", "type": "double" }] }';
const AVRO_NAME = /^[A-Za-z_]\w*$/;

const CELLS: Readonly<Record<string, ColumnType>> = {
  double: 'f64',
  float: 'f32',
  long: 'i64',
  int: 'i32',
  boolean: 'bool',
  string: 'utf8',
};
const NO_COLUMN: Readonly<Record<string, string>> = {
  bytes: 'bytes, which no column holds; make it a string, or leave the field out',
  fixed: 'bytes, which no column holds; make it a string, or leave the field out',
  array: 'an array, which no column holds; a list in a row is kept as its JSON text, so make it a string',
  map: 'a map, whose columns are not known; make it a record with a field for each key, or leave the field out',
};

interface RecordType {
  fields: readonly unknown[];
  namespace: string;
}

/** One of the types that a cell may have. */
type Alternative = 'null' | { cell: ColumnType } | RecordType;

interface At {
  /** What messages call the place. */
  where: string;
  namespace: string;
  depth: number;
}

class RecordReader {
  readonly columns: Field[] = [];
  private readonly taken = new Set<string>();
  private readonly named = new Map<string, { definition: object; type: Alternative }>();
  private readonly open = new Set<RecordType>();

  columnsOf(record: RecordType, prefix: string, depth: number): void {
    if (this.open.has(record)) throw new Error(`the record of ${prefix.slice(0, -1)} holds itself`);
    this.open.add(record);
    for (const [i, each] of record.fields.entries()) {
      const { name, type, column } = asObject(each) ?? {};
      if (typeof name !== 'string' || name === '') {
        throw new Error(`field ${i + 1}${prefix && ` of ${prefix.slice(0, -1)}`} has no name`);
      }
      const where = `field ${prefix}${name}`;
      if (!AVRO_NAME.test(name)) {
        const advice = 'give it another name, and the real one as "column"; a dotted name is a field of a record';
        throw new Error(`${where}: "${name}" is no name in Avro; ${advice}`);
      }
      if (column !== undefined && (typeof column !== 'string' || column === '')) {
        throw new Error(`${where}: "column" is the name of the column, a text`);
      }
      if (type === undefined) throw new Error(`${where} has no type; write { "name": "${name}", "type": "double" }`);
      const at = { where, namespace: record.namespace, depth: depth + 1 };
      this.column(prefix + (column ?? name), this.alternatives(type, at), at);
    }
    this.open.delete(record);
  }

  /** Types that are named in it are known from then on. */
  alternatives(type: unknown, at: At): Alternative[] {
    if (at.depth > JSON_DEPTH_MAX) throw new Error(`${at.where} lies more than ${JSON_DEPTH_MAX} levels deep`);
    if (Array.isArray(type)) {
      if (type.some((each) => Array.isArray(each))) throw new Error(`${at.where}: a union holds a union`);
      return type.flatMap((each) => this.alternatives(each, at));
    }
    if (typeof type === 'string') return [this.byName(type, at)];
    const definition = asObject(type);
    if (!definition) throw new Error(`${at.where}: ${JSON.stringify(type)} is no type; write a name such as "double"`);
    const { type: kind } = definition;
    if (kind === 'record' || kind === 'enum' || kind === 'fixed') return [this.define(kind, definition, at)];
    return this.alternatives(kind ?? null, { ...at, depth: at.depth + 1 });
  }

  private byName(name: string, at: At): Alternative {
    if (name === 'null') return 'null';
    if (Object.hasOwn(CELLS, name)) return { cell: CELLS[name]! };
    if (Object.hasOwn(NO_COLUMN, name)) throw new Error(`${at.where} is ${NO_COLUMN[name]}`);
    const known = this.named.get(fullName(name, at.namespace));
    if (known) return known.type;
    const near = suggestion(name, [...Object.keys(CELLS), ...this.named.keys()]);
    throw new Error(`${at.where}: there is no type "${name}"${near}`);
  }

  private define(kind: 'record' | 'enum' | 'fixed', definition: Json, at: At): Alternative {
    const { name, namespace, fields } = definition;
    if (typeof name !== 'string' || !name.split('.').every((part) => AVRO_NAME.test(part))) {
      throw new Error(`${at.where}: a type of kind ${kind} needs a "name" of letters, digits and _`);
    }
    if (kind === 'fixed') throw new Error(`${at.where} is ${NO_COLUMN.fixed}`);
    const full = fullName(name, typeof namespace === 'string' ? namespace : at.namespace);
    const known = this.named.get(full);
    // A record that is named again where it is used has its own definitions read again.
    if (known?.definition === definition) return known.type;
    if (known) throw new Error(`${at.where}: the type "${full}" is defined twice; write its name the second time`);
    let type: Alternative = { cell: 'utf8' };
    if (kind === 'record') {
      if (!Array.isArray(fields) || fields.length === 0)
        throw new Error(`${at.where}: the record ${name} has no fields`);
      type = { fields, namespace: full.split('.').slice(0, -1).join('.') };
    }
    this.named.set(full, { definition, type });
    return type;
  }

  private column(name: string, alternatives: readonly Alternative[], at: At): void {
    const [first, ...others] = alternatives.filter((each) => each !== 'null');
    if (!first) throw new Error(`${at.where} could only be null; write ["null", "double"]`);
    if ('fields' in first) {
      if (others.length > 0) throw new Error(`${at.where} is a record or something else, and a column holds one kind`);
      this.columnsOf(first, `${name}.`, at.depth);
      return;
    }
    let one = field(name, first.cell);
    for (const other of others) {
      const wide = 'cell' in other ? widerField(one, field(name, other.cell)) : null;
      if (!wide) {
        const kinds = [first, other].map((each) => ('cell' in each ? kindOf(each.cell) : 'record'));
        throw new Error(`${at.where} is a ${kinds.join(' or a ')}, and a column holds one kind`);
      }
      one = wide;
    }
    if (name === 'timeUs') throw new Error(`${at.where}: no column can be called timeUs, the time of the row`);
    if (this.taken.has(name)) throw new Error(`${at.where}: the column ${name} stands twice`);
    this.taken.add(name);
    this.columns.push(one);
    if (this.columns.length > COLUMNS_MAX) throw new Error(`the record has more than ${COLUMNS_MAX} columns`);
  }
}

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

/** A name with a dot has its namespace in it; any other is one of the namespace around it. */
function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}
