/** One record of a CSV file. */
export interface CsvRecord {
  /** Null: an empty field without quotes. */
  cells: (string | null)[];
  /** The record as it stands in the file, without its line end. */
  raw: string;
  /** False for a last line without a line end. */
  isEnded: boolean;
  /** A quote was opened and not closed at the end of its field: `cells` is empty. */
  isOpen: boolean;
  /** Line of the text on which it begins, from 1. */
  line: number;
}

/** A quoted field longer than this is taken for a quote that was forgotten. */
const RECORD_CHARACTERS_MAX = 1024 * 1024;

/**
 * Comma-separated values by RFC 4180, fed in pieces: quoted fields with commas, line ends and doubled quotes; LF or CRLF.
 * A quote inside a field without quotes is text. Where a quote is never closed, or is closed before the end of its field,
 * only its line is given up (`isOpen`) and the next line is read afresh. Empty lines are passed over.
 */
export class CsvParser {
  private text = '';
  /** Where scanning goes on in `text`, and whether that is inside quotes. */
  private at = 0;
  private inQuotes = false;
  private atFieldStart = true;
  /** Of the start of `text`. */
  private line = 1;

  *push(piece: string): Generator<CsvRecord> {
    this.text += piece;
    yield* this.records(false);
  }

  *end(): Generator<CsvRecord> {
    yield* this.records(true);
    const { text: raw, line } = this;
    if (raw !== '') yield { cells: split(raw), raw, isEnded: false, isOpen: false, line };
    this.text = '';
  }

  private *records(isLast: boolean): Generator<CsvRecord> {
    for (;;) {
      let start = 0;
      let isFaulty = false;
      let { at, inQuotes, atFieldStart } = this;
      for (; at < this.text.length; at++) {
        const c = this.text.charCodeAt(at);
        if (inQuotes) {
          if (c !== 0x22) continue;
          // A closing quote, or the first of two; which one is known with the next character.
          if (at + 1 >= this.text.length && !isLast) break;
          const next = this.text.charCodeAt(at + 1);
          if (next === 0x22) at++;
          else if (next === 0x2c || next === 0x0a || next === 0x0d || Number.isNaN(next)) inQuotes = false;
          else {
            isFaulty = true;
            break;
          }
        } else if (c === 0x0a) {
          const raw = this.text.slice(start, at > start && this.text.charCodeAt(at - 1) === 0x0d ? at - 1 : at);
          start = at + 1;
          atFieldStart = true;
          const { line } = this;
          this.line += 1 + lineEnds(raw);
          if (raw !== '') yield { cells: split(raw), raw, isEnded: true, isOpen: false, line };
        } else if (c === 0x22 && atFieldStart) {
          inQuotes = true;
          atFieldStart = false;
        } else atFieldStart = c === 0x2c;
      }
      this.text = this.text.slice(start);
      this.at = at - start;
      this.inQuotes = inQuotes;
      this.atFieldStart = atFieldStart;
      if (!isFaulty && !(inQuotes && (isLast || this.text.length > RECORD_CHARACTERS_MAX))) return;
      yield this.giveUpLine();
    }
  }

  /** The first line of the open record, as it stands; what follows it is scanned again. */
  private giveUpLine(): CsvRecord {
    const end = this.text.indexOf('\n');
    const raw = (end < 0 ? this.text : this.text.slice(0, end)).replace(/\r$/, '');
    this.text = end < 0 ? '' : this.text.slice(end + 1);
    this.at = 0;
    this.inQuotes = false;
    this.atFieldStart = true;
    return { cells: [], raw, isEnded: end >= 0, isOpen: true, line: this.line++ };
  }
}

function lineEnds(raw: string): number {
  let count = 0;
  for (let at = raw.indexOf('\n'); at >= 0; at = raw.indexOf('\n', at + 1)) count++;
  return count;
}

function split(raw: string): (string | null)[] {
  if (!raw.includes('"')) return raw.split(',').map((cell) => (cell === '' ? null : cell));
  const cells: (string | null)[] = [];
  let at = 0;
  while (at <= raw.length) {
    let text: string | null = null;
    if (raw.charCodeAt(at) === 0x22) {
      let end = raw.indexOf('"', at + 1);
      while (raw.charCodeAt(end + 1) === 0x22) end = raw.indexOf('"', end + 2);
      text = raw.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    let comma = raw.indexOf(',', at);
    if (comma < 0) comma = raw.length;
    if (comma > at) text = (text ?? '') + raw.slice(at, comma);
    cells.push(text);
    at = comma + 1;
  }
  return cells;
}
