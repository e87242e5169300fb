import type { ColumnType } from './schema.js';

/** A cell of a table of text or JSON. */
export type LooseCell = string | number | boolean | null;

const NUMBER = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^(?:0|-?[1-9]\d*)$/;
const NOT_A_NUMBER = /^[+-]?nan$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const TRUTH = /^(?:true|false)$/i;

/**
 * The type of one column by all its cells: `i64` when all are whole numbers that a double holds, `f64` when all are
 * numbers, `bool` when all are true or false, else `utf8`. Numbers with leading zeros and whole numbers beyond 2^53 are
 * texts, since a number would lose digits. Empty cells and NaN say nothing about the type.
 */
export class ColumnTyping {
  private hasInteger = false;
  private hasFloat = false;
  private hasTruth = false;
  private hasText = false;

  constructor(private readonly isText: boolean) {}

  see(cell: LooseCell | undefined): void {
    if (cell === null || cell === undefined) return;
    if (typeof cell === 'number') {
      if (Number.isSafeInteger(cell) && !Object.is(cell, -0)) this.hasInteger = true;
      else this.hasFloat = true;
    } else if (typeof cell === 'boolean') this.hasTruth = true;
    else if (!this.isText || this.hasText) this.hasText = true;
    else this.seeText(cell);
  }

  get type(): ColumnType {
    if (this.hasText || (this.hasTruth && (this.hasInteger || this.hasFloat))) return 'utf8';
    if (this.hasTruth) return 'bool';
    return this.hasInteger && !this.hasFloat ? 'i64' : 'f64';
  }

  private seeText(text: string): void {
    if (INTEGER.test(text)) {
      if (Number.isSafeInteger(Number(text))) this.hasInteger = true;
      else this.hasText = true;
    } else if (NUMBER.test(text)) {
      if (Number.isFinite(Number(text))) this.hasFloat = true;
      else this.hasText = true;
    } else if (INFINITE.test(text)) this.hasFloat = true;
    else if (TRUTH.test(text)) this.hasTruth = true;
    else if (!NOT_A_NUMBER.test(text) && text !== '') this.hasText = true;
  }
}

/** The cell of a number column; null for an empty cell and NaN. */
export function numberOf(cell: LooseCell | undefined): number | null {
  if (typeof cell === 'number') return cell;
  if (typeof cell !== 'string' || cell === '' || NOT_A_NUMBER.test(cell)) return null;
  const infinite = INFINITE.exec(cell);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(cell);
}

/** The cell of a bool column. */
export function truthOf(cell: LooseCell | undefined): boolean | null {
  if (typeof cell === 'boolean') return cell;
  return typeof cell === 'string' && TRUTH.test(cell) ? cell.toLowerCase() === 'true' : null;
}

/** The cell of a text column. */
export function textOf(cell: LooseCell | undefined): string | null {
  if (cell === null || cell === undefined) return null;
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}
