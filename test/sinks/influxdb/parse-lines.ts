/**
 * A reader of the line protocol after its published grammar (influxdata/line-protocol, `line-protocol.ebnf`), written
 * apart from the encoder. Strict: throws on whatever the grammar does not have, and on comments and empty lines.
 */
export interface Point {
  measurement: string;
  /** In the order they stand. */
  tags: Map<string, string>;
  fields: Map<string, FieldValue>;
  time: bigint;
}

export type FieldValue =
  | { type: 'integer'; value: bigint }
  | { type: 'float'; text: string }
  | { type: 'boolean'; value: boolean }
  | { type: 'string'; value: string };

const BACKSLASH = '\\';
const FLOAT = /^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

export function parseLines(bytes: Uint8Array): Point[] {
  const reader = new Reader(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  const points: Point[] = [];
  while (!reader.atEnd) points.push(reader.point());
  return points;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  point(): Point {
    if (this.text[this.at] === '#') throw this.fault('a comment');
    const measurement = this.name(', ');
    const tags = new Map<string, string>();
    let lastKey = '';
    while (this.take(',')) {
      const key = this.name(',= ');
      this.expect('=');
      if (tags.has(key)) throw this.fault(`tag ${key} twice`);
      if (Buffer.compare(Buffer.from(lastKey), Buffer.from(key)) > 0) throw this.fault(`tag ${key} out of order`);
      tags.set(key, this.name(',= '));
      lastKey = key;
    }
    this.expect(' ');
    const fields = new Map<string, FieldValue>();
    do {
      const key = this.name(',= ');
      this.expect('=');
      if (fields.has(key)) throw this.fault(`field ${key} twice`);
      fields.set(key, this.value());
    } while (this.take(','));
    this.expect(' ');
    const time = this.until('\n');
    if (!/^-?\d+$/.test(time)) throw this.fault(`time ${time}`);
    this.expect('\n');
    return { measurement, tags, fields, time: BigInt(time) };
  }

  /** Up to the first of `ends` without a backslash before it. */
  private name(ends: string): string {
    let name = '';
    for (;;) {
      const c = this.text[this.at];
      if (c === undefined) throw this.fault('the end within a name');
      if (isControl(c)) throw this.fault('a control character in a name');
      if (ends.includes(c)) break;
      this.at++;
      if (c !== BACKSLASH) {
        name += c;
        continue;
      }
      const next = this.text[this.at];
      if (next === undefined || isControl(next)) throw this.fault('a backslash at the end of a name');
      if (ends.includes(next)) {
        name += next;
        this.at++;
      } else name += c;
    }
    if (name === '') throw this.fault('an empty name');
    return name;
  }

  private value(): FieldValue {
    if (this.text[this.at] === '"') return { type: 'string', value: this.string() };
    const text = this.until(', ');
    if (text === 'true' || text === 'false') return { type: 'boolean', value: text === 'true' };
    if (/^-?\d+i$/.test(text)) return { type: 'integer', value: BigInt(text.slice(0, -1)) };
    if (FLOAT.test(text)) return { type: 'float', text };
    throw this.fault(`value ${text}`);
  }

  private string(): string {
    this.expect('"');
    let value = '';
    for (;;) {
      const c = this.text[this.at++];
      if (c === undefined) throw this.fault('the end within a string');
      if (c === '"') return value;
      if (c !== BACKSLASH) value += c;
      else {
        const next = this.text[this.at++];
        if (next !== '"' && next !== BACKSLASH) throw this.fault('a backslash that escapes nothing');
        value += next;
      }
    }
  }

  private until(ends: string): string {
    const from = this.at;
    while (this.at < this.text.length && !ends.includes(this.text[this.at]!)) this.at++;
    return this.text.slice(from, this.at);
  }

  private take(c: string): boolean {
    if (this.text[this.at] !== c) return false;
    this.at++;
    return true;
  }

  private expect(c: string): void {
    if (!this.take(c)) throw this.fault(`no ${JSON.stringify(c)}`);
  }

  private fault(what: string): Error {
    return new Error(
      `${what} at ${this.at} of ${JSON.stringify(this.text.slice(Math.max(0, this.at - 40), this.at + 40))}`,
    );
  }
}

function isControl(c: string): boolean {
  return c < ' ' || c === '\x7f';
}
