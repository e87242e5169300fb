import { createHash } from 'node:crypto';
import { type Batch, type Column, isNull } from '../../columnar/batch.js';
import { int64ToFloat64 } from '../../columnar/int64.js';
import type { Field } from '../../columnar/schema.js';
import type { Tags } from '../entity.js';

/** Longer keys are cut and end with a hash: streams have names of bounded length. */
const KEY_LENGTH_MAX = 200;
const NULL_KEY = '(null)';
const EMPTY_KEY = '()';

/** The keys of the rows of a batch: that of row `i` is `keys[codes[i]]`. */
export interface RowKeys {
  codes: Int32Array;
  keys: string[];
  /** For each key the values it is made of, by column; a null has none. */
  tags: Tags[];
}

/** Values of one column: that of row `i` is `texts[codes[i]]`, null for null. */
interface Values {
  codes: Int32Array;
  texts: (string | null)[];
}

/**
 * The key of each row: the values of the columns, each a level (`3/soft`). What a level may not hold is written as %XX,
 * null as `(null)`. A column that is not there counts as null.
 */
export function rowKeys(batch: Batch, by: readonly string[]): RowKeys {
  const columns = by.map((name) => valuesOf(batch, batch.schema.indexOf(name)));
  const { codes, combinations } = combine(columns, batch.rows);
  const keys: string[] = [];
  const tags: Tags[] = [];
  for (const values of combinations) {
    keys.push(keyOf(values));
    tags.push(Object.fromEntries(by.flatMap((name, c) => (values[c] == null ? [] : [[name, values[c]!]]))));
  }
  return { codes, keys, tags };
}

function keyOf(values: readonly (string | null)[]): string {
  const key = values.map(levelOf).join('/');
  if (key.length <= KEY_LENGTH_MAX) return key;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${key.slice(0, KEY_LENGTH_MAX - 33).replaceAll('/', '_')}-${hash}`;
}

function levelOf(text: string | null): string {
  if (text === null) return NULL_KEY;
  if (text === '') return EMPTY_KEY;
  return text.replaceAll(
    /[%/+#{}()\p{Cc}]/gu,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Codes of the combinations that occur, in the order they come. */
function combine(columns: readonly Values[], rows: number): { codes: Int32Array; combinations: (string | null)[][] } {
  const [first, ...others] = columns as [Values, ...Values[]];
  let codes = first.codes;
  let combinations = first.texts.map((text) => [text]);
  for (const column of others) {
    const seen = new Map<number, number>();
    const both: (string | null)[][] = [];
    const next = new Int32Array(rows);
    for (let i = 0; i < rows; i++) {
      const pair = codes[i]! * column.texts.length + column.codes[i]!;
      let code = seen.get(pair);
      if (code === undefined) {
        code = both.push([...combinations[codes[i]!]!, column.texts[column.codes[i]!]!]) - 1;
        seen.set(pair, code);
      }
      next[i] = code;
    }
    codes = next;
    combinations = both;
  }
  return { codes, combinations };
}

function valuesOf(batch: Batch, index: number): Values {
  if (index < 0) return { codes: new Int32Array(batch.rows), texts: [null] };
  const column = batch.columns[index]!;
  const f = batch.schema.fields[index]!;
  return f.type === 'utf8' ? textValues(column, batch.rows) : numberValues(column, f, batch.rows);
}

function textValues({ values, nulls, dictionary }: Column, rows: number): Values {
  const codes = new Int32Array(rows);
  const texts: (string | null)[] = [];
  const seen = new Map<string | null, number>();
  const moved = new Int32Array(Math.max(1, dictionary!.length)).fill(-1);
  for (let i = 0; i < rows; i++) {
    const hidden = isNull(nulls, i);
    const at = values[i] as number;
    let code = hidden ? seen.get(null) : moved[at]!;
    if (code === undefined || code < 0) {
      const text = hidden ? null : dictionary![at]!;
      code = seen.get(text) ?? texts.push(text) - 1;
      seen.set(text, code);
      if (!hidden) moved[at] = code;
    }
    codes[i] = code;
  }
  return { codes, texts };
}

function numberValues(column: Column, f: Field, rows: number): Values {
  const codes = new Int32Array(rows);
  const texts: (string | null)[] = [];
  const seen = new Map<number | null, number>();
  const cells = f.type === 'i64' ? doubles(column, rows) : (column.values as Float64Array);
  let last: number | null = null;
  let lastCode = -1;
  for (let i = 0; i < rows; i++) {
    const value = isNull(column.nulls, i) ? null : cells[i]!;
    if (value === last && lastCode >= 0) {
      codes[i] = lastCode;
      continue;
    }
    let code = seen.get(value);
    if (code === undefined) {
      code = texts.push(value === null ? null : textOf(value, f)) - 1;
      seen.set(value, code);
    }
    codes[i] = lastCode = code;
    last = value;
  }
  return { codes, texts };
}

function textOf(cell: number, f: Field): string {
  if (f.type === 'bool') return cell !== 0 ? 'true' : 'false';
  // -0 is 0: a Map takes them for one as well.
  return String(cell * f.scale + f.offset + 0);
}

function doubles(column: Column, rows: number): Float64Array {
  const out = new Float64Array(rows);
  int64ToFloat64(column.values as BigInt64Array, out, rows);
  return out;
}
