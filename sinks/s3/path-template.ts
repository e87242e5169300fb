import { createHash } from 'node:crypto';
import { type Batch, cellAt, isNull } from '../../columnar/batch.js';
import { lowerBound } from '../../columnar/kernels/bisect.js';

type Tags = Readonly<Record<string, string>>;
/** Rows `[from, to)` of a batch, which go to one folder. */
export type FolderRun = (folder: string, from: number, to: number) => void;
type Placeholder = { name: string; isLevel: boolean };
type Part = { literal: string } | Placeholder;

/** Keys below a sink's prefix that begin with `prefix`; of those, the ones from what `first` begins to what `last` begins. */
export interface KeyRange {
  prefix: string;
  /** Both or neither are null. */
  first: string | null;
  last: string | null;
}

const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;
const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** What Hive, Spark and DuckDB read as null. */
const NOTHING = '__HIVE_DEFAULT_PARTITION__';
const VALUE_LENGTH_MAX = 160;
const STREAM_LENGTH_MAX = 400;
const HASH_LENGTH = 16;
const CACHED_MAX = 4096;

/**
 * Folders of objects, in Hive's style: `{stream}` is the stream's name, each level a folder, `{date}` and `{hour}` are of
 * the row's own time in UTC, and any other `{name}` is the tag of that name, or else the row's cell in that column.
 * Values are percent-encoded; one that is not there is `__HIVE_DEFAULT_PARTITION__`, and a long one is cut, with a hash.
 */
export class PathTemplate {
  private readonly parts: Part[] = [];
  private readonly encoded = new Map<string, string>();
  private stepUs = 0;

  constructor(template: string) {
    let at = 0;
    for (const match of template.matchAll(PLACEHOLDER)) {
      this.parts.push({ literal: template.slice(at, match.index) });
      at = match.index + match[0].length;
      const isLevel = (template[match.index - 1] ?? '/') === '/' && (template[at] ?? '/') === '/';
      this.parts.push({ name: match[1]!, isLevel });
    }
    this.parts.push({ literal: template.slice(at) });
    const has = (name: string) => this.parts.some((part) => 'name' in part && part.name === name);
    this.stepUs = has('hour') ? HOUR_US : has('date') ? DAY_US : 0;
  }

  /** Calls `each` for runs of rows that go to the same folder, in order; a folder may come several times. */
  cut(batch: Batch, tags: Tags, each: FolderRun): void {
    const columns = this.columnsOf(batch, tags);
    for (let from = 0; from < batch.rows; ) {
      let to = batch.rows;
      if (this.stepUs > 0) {
        const nextUs = (Math.floor(batch.timeUs[from]! / this.stepUs) + 1) * this.stepUs;
        if (batch.timeUs[to - 1]! >= nextUs) to = lowerBound(batch.timeUs, nextUs, from, to);
      }
      for (const column of columns) to = sameUntil(batch, column, from, to);
      each(this.folder(batch, tags, from), from, to);
      from = to;
    }
  }

  /** Where the keys of a stream's objects lie, of rows between two times or with null of all times. */
  keys(stream: string, tags: Tags, times: { fromUs: number; toUs: number } | null): KeyRange {
    let prefix = '';
    for (const part of this.parts) {
      if ('literal' in part) {
        prefix += part.literal;
        continue;
      }
      const { name } = part;
      if (name === 'date' || name === 'hour') {
        if (times === null) return { prefix, first: null, last: null };
        const [first, last] = [timeText(name, times.fromUs), timeText(name, times.toUs)];
        // Hours of several days are in no order.
        if (name === 'hour' && timeText('date', times.fromUs) !== timeText('date', times.toUs)) {
          return { prefix, first: null, last: null };
        }
        if (first !== last) return { prefix, first: prefix + first, last: prefix + last };
        prefix += first;
      } else if (name === 'stream' || Object.hasOwn(tags, name)) {
        prefix += this.levelOf(part, name === 'stream' ? stream : tags[name]!);
      } else return { prefix, first: null, last: null };
    }
    return { prefix: `${prefix}/`, first: null, last: null };
  }

  private columnsOf({ schema }: Batch, tags: Tags): number[] {
    return this.parts.flatMap((part) => {
      if (!('name' in part) || isOwn(part.name) || Object.hasOwn(tags, part.name)) return [];
      const column = schema.indexOf(part.name);
      return column < 0 ? [] : [column];
    });
  }

  private folder(batch: Batch, tags: Tags, row: number): string {
    let folder = '';
    for (const part of this.parts) folder += 'literal' in part ? part.literal : this.value(part, batch, tags, row);
    return folder;
  }

  private value(part: Placeholder, batch: Batch, tags: Tags, row: number): string {
    const { name } = part;
    if (name === 'date' || name === 'hour') return timeText(name, batch.timeUs[row]!);
    return this.levelOf(part, name === 'stream' ? batch.stream : textOf(batch, tags, name, row));
  }

  /** What stands in a folder for a text. */
  private levelOf({ name, isLevel }: Placeholder, text: string): string {
    const key = `${name === 'stream' && isLevel ? 's' : 'v'}${text}`;
    let encoded = this.encoded.get(key);
    if (encoded === undefined) {
      if (this.encoded.size >= CACHED_MAX) this.encoded.clear();
      encoded = key[0] === 's' ? streamFolder(text) : encodeValue(text, VALUE_LENGTH_MAX);
      this.encoded.set(key, encoded);
    }
    return encoded;
  }
}

/** Why a text is no template of folders, or null. */
export function pathTemplateFault(template: string): string | null {
  const names = template.replaceAll(PLACEHOLDER, 'x');
  if (/[{}]/.test(names)) return 'has a brace that is no {name}';
  if (template === '' || /^\/|\/$|\/\//.test(template)) return 'has an empty level';
  if (!/^[\w.=/-]+$/.test(names)) return 'may hold letters, digits, . _ - = / and {name}';
  if (template.split('/').some((level) => /^\.+$|^_pitwall$/.test(level))) return 'has a level that keys may not have';
  return /(^|\/)partition=/.test(template) ? 'has partition=, which is added to it' : null;
}

function timeText(name: 'date' | 'hour', timeUs: number): string {
  const time = new Date(Math.floor(timeUs / 1000)).toISOString();
  return name === 'date' ? time.slice(0, 10) : time.slice(11, 13);
}

function isOwn(name: string): boolean {
  return name === 'stream' || name === 'date' || name === 'hour';
}

function textOf(batch: Batch, tags: Tags, name: string, row: number): string {
  if (Object.hasOwn(tags, name)) return tags[name]!;
  const column = batch.schema.indexOf(name);
  return column < 0 ? '' : String(cellAt(batch, column, row) ?? '');
}

/** The row below `to` at which the cell is another one than at `from`; `to` when it stays the same. */
function sameUntil({ columns }: Batch, column: number, from: number, to: number): number {
  const { values, nulls } = columns[column]!;
  const isNothing = isNull(nulls, from);
  const value = values[from];
  for (let row = from + 1; row < to; row++) {
    if (isNull(nulls, row) !== isNothing || (!isNothing && values[row] !== value)) return row;
  }
  return to;
}

/** Levels of the stream's name as folders, none of which is hidden or looks like `name=value`. */
function streamFolder(stream: string): string {
  const levels = stream.split('/').map((level) => encodeValue(level, VALUE_LENGTH_MAX));
  let folder = levels.join('/');
  if (folder.length <= STREAM_LENGTH_MAX) return folder;
  while (folder.length > STREAM_LENGTH_MAX - 1 - HASH_LENGTH) {
    levels.pop();
    folder = levels.join('/');
  }
  return `${folder}~${hashOf(stream)}`;
}

function encodeValue(text: string, lengthMax: number): string {
  if (text === '') return NOTHING;
  const whole = encode(text).replace(/^[._]/, percent);
  if (whole.length <= lengthMax) return whole;
  let start = '';
  for (const character of text) {
    const encoded = encode(character);
    if (start.length + encoded.length > lengthMax - 1 - HASH_LENGTH) break;
    start += encoded;
  }
  return `${start.replace(/^[._]/, percent)}~${hashOf(text)}`;
}

/** As DuckDB and Hive write values: all but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()).replaceAll(/[!'()*]/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
}
