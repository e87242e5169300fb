import { TIME_FIELDS, TIME_IS_RECEIVED } from '../../core/event-time.js';
import type { StreamBuilder } from '../stream-builder.js';
import type { TimeRule } from './decoder.js';
import type { JsonShape } from './json-rows.js';

/**
 * The form of a JSON row or of columns, learned from one message: the bytes between its values, and what the values
 * are. A later message is read by comparing those bytes in place, which holds for keys, nesting and white space at
 * once. A message that differs anywhere is read the slow way, so a layout never decides what is right.
 */
export interface Layout {
  /** `row`: values are single cells; the others: lists of numbers, besides t0 and dt. */
  readonly shape: 'row' | 'even' | 'columns';
  /** All bytes between values; those before value i are `starts[i] .. starts[i + 1]`, and one span more ends it. */
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly names: readonly string[];
  /** Places of the columns in the builder, -1 for what is no column or not known yet. */
  readonly places: Int32Array;
  /** The value that is the time, or -1. */
  readonly time: number;
  /** The values t0 and dt of the even shape, or -1. */
  readonly t0: number;
  readonly dt: number;
  /** Bytes of the last text in each value, and that text. */
  readonly lastBytes: Uint8Array[];
  readonly lastTexts: string[];
  readonly timeField: string | null;
  readonly generation: number;
}

const VALUES_MAX = 512;
const TEXT_BYTES_MAX = 64;

/** The layout of the object that starts at the first `{` of a payload JSON.parse has taken, or null when it has none that repeats. */
export function learnLayout(
  payload: Buffer,
  shape: JsonShape,
  builder: StreamBuilder,
  rule: TimeRule | null,
): Layout | null {
  const start = payload.indexOf(0x7b);
  if (start < 0) return null;
  const walker = new Walker(payload, start);
  if (!walker.object('') || walker.names.length === 0) return null;
  const { names, isList } = walker;
  const single = shape === 'row' || shape === 'rows';
  const t0 = shape === 'even' ? names.indexOf('t0') : -1;
  const dt = shape === 'even' ? names.indexOf('dt') : -1;
  for (let i = 0; i < names.length; i++) if (isList[i] !== !(single || i === t0 || i === dt)) return null;
  const timeNames: readonly string[] = rule === null ? TIME_FIELDS : [rule.field];
  let time = -1;
  for (const name of timeNames) if (time < 0) time = names.indexOf(name);
  if (shape === 'columns' && time < 0) return null;
  if (shape === 'even') {
    if (t0 < 0 || dt < 0 || names.includes(timeNames[0]!)) return null;
    time = -1;
  }
  if (time < 0 && names.includes(TIME_IS_RECEIVED)) return null;
  walker.literals.push(payload.subarray(walker.literalStart, walker.pos));
  const starts = new Int32Array(walker.literals.length + 1);
  walker.literals.forEach((literal, i) => {
    starts[i + 1] = starts[i]! + literal.length;
  });
  return {
    shape: shape === 'rows' ? 'row' : shape,
    bytes: new Uint8Array(Buffer.concat(walker.literals)),
    starts,
    names,
    places: Int32Array.from(names, (name, i) => (i === time || i === t0 || i === dt ? -1 : builder.placeOf(name))),
    time,
    t0,
    dt,
    lastBytes: names.map(() => new Uint8Array(TEXT_BYTES_MAX + 1)),
    lastTexts: names.map(() => ''),
    timeField: rule === null ? null : rule.field,
    generation: builder.generation,
  };
}

/** Walks valid JSON and notes the spans between values; anything it does not know ends it. */
class Walker {
  readonly literals: Uint8Array[] = [];
  readonly names: string[] = [];
  readonly isList: boolean[] = [];
  literalStart: number;
  private readonly keys = new Set<string>();

  constructor(
    private readonly bytes: Buffer,
    public pos: number,
  ) {
    this.literalStart = pos;
  }

  object(prefix: string): boolean {
    this.pos++;
    for (;;) {
      this.space();
      if (this.bytes[this.pos] === 0x7d) break;
      if (this.bytes[this.pos] === 0x2c) this.pos++;
      this.space();
      const keyStart = this.pos;
      this.text();
      const name = prefix + (JSON.parse(this.bytes.toString('utf8', keyStart, this.pos)) as string);
      if (this.keys.has(name)) return false;
      this.keys.add(name);
      this.space();
      this.pos++;
      this.space();
      const first = this.bytes[this.pos];
      if (first === 0x7b) {
        if (!this.object(`${name}.`)) return false;
        continue;
      }
      if (this.names.push(name) > VALUES_MAX) return false;
      this.literals.push(this.bytes.subarray(this.literalStart, this.pos));
      this.isList.push(first === 0x5b);
      if (first === 0x5b) {
        if (!this.list()) return false;
      } else this.scalar();
      this.literalStart = this.pos;
    }
    this.pos++;
    return true;
  }

  private list(): boolean {
    for (let c = this.bytes[++this.pos]; c !== 0x5d; c = this.bytes[++this.pos]) {
      if (c === undefined || c === 0x5b || c === 0x7b || c === 0x22) return false;
    }
    this.pos++;
    return true;
  }

  private scalar(): void {
    if (this.bytes[this.pos] === 0x22) this.text();
    else while (!isEnd(this.bytes[this.pos])) this.pos++;
  }

  private text(): void {
    for (let c = this.bytes[++this.pos]; c !== 0x22; c = this.bytes[++this.pos]) if (c === 0x5c) this.pos++;
    this.pos++;
  }

  private space(): void {
    while (isSpace(this.bytes[this.pos]!)) this.pos++;
  }
}

export function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

function isEnd(c: number | undefined): boolean {
  return c === undefined || c === 0x2c || c === 0x7d || c === 0x5d || isSpace(c);
}
