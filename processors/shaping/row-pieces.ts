import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../columnar/batch.js';
import { packRows, unpackRows } from '../joining/packed-rows.js';
import { mergeBatches } from '../outputs.js';

interface Kept<T> {
  what: T;
  neededUntil: number;
}

/**
 * Rows that a lane keeps, as pieces of its state that are written once: each call of `changes` packs what came since the
 * last, and takes back the pieces of which no row is needed any more. How long rows are needed is said by a mark that
 * ascends, such as a time or a row number; a piece may still hold rows that are not needed, which the owner sorts out.
 */
export class RowPieces {
  private fresh: Kept<Batch>[] = [];
  private written: Kept<string>[] = [];
  private mark = -Infinity;
  private next = 0;

  add(batch: Batch, neededUntil: number): void {
    this.fresh.push({ what: batch, neededUntil });
  }

  /** What is needed until `mark` or before is needed no more. */
  pass(mark: number): void {
    this.mark = mark;
    let gone = 0;
    while (gone < this.fresh.length && this.fresh[gone]!.neededUntil <= mark) gone++;
    if (gone > 0) this.fresh.splice(0, gone);
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    for (const { what, neededUntil } of this.written) if (neededUntil <= this.mark) yield [what, null];
    this.written = this.written.filter(({ neededUntil }) => neededUntil > this.mark);
    const needed = this.fresh.filter(({ neededUntil }) => neededUntil > this.mark);
    this.fresh = [];
    if (needed.length === 0) return;
    const rows = mergeBatches(needed.map(({ what }) => what));
    const neededUntil = needed.reduce((until, kept) => Math.max(until, kept.neededUntil), -Infinity);
    const piece = `rows.${this.next++}`;
    this.written.push({ what: piece, neededUntil });
    yield [piece, serialize({ neededUntil, rows: rows.map(packRows) })];
  }

  /** The rows of all pieces in the order they came, those included that are not needed any more. */
  restore(saved: ReadonlyMap<string, Uint8Array>): Batch[] {
    const names = [...saved.keys()].filter((piece) => piece.startsWith('rows.'));
    const numbers = names.map((piece) => Number(piece.slice(5))).sort((a, b) => a - b);
    this.next = (numbers.at(-1) ?? -1) + 1;
    return numbers.flatMap((number) => {
      const piece = `rows.${number}`;
      const { neededUntil, rows } = deserialize(saved.get(piece)!) as { neededUntil: number; rows: Uint8Array[] };
      this.written.push({ what: piece, neededUntil });
      return rows.map(unpackRows);
    });
  }
}
