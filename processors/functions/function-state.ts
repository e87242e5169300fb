import { deserialize, serialize } from 'node:v8';
import type { StateField } from './state-fields.js';
import { CellFault, frozen, storedCell } from './stored-cell.js';

/** Longer texts, and JSON, are pieces of a checkpoint on their own. */
const SMALL_BYTES = 64;
/** Piece of the fields that are small. */
const CELLS = 'cells';
/** Start of the name of a piece that is one field. */
const PIECE = 'field.';

/** A field as a checkpoint has it. */
type Saved = [name: string, type: string, value: unknown];

/**
 * The state of a function in one lane: an object with a property for each field, and what it takes to undo the changes of
 * a row that failed and to save what changed.
 */
export class FunctionState {
  /** What the function is given. */
  readonly view: object;
  private readonly values: unknown[];
  /** As it was before the row, for fields that `touched` says. */
  private readonly before: unknown[];
  private readonly touched: boolean[];
  private isTouched = false;
  /** Fields that changed since the last checkpoint; those that are a piece of their own. */
  private readonly changed: boolean[];
  private readonly saved: boolean[];
  private hasChanged = false;
  /** Pieces of fields that are declared no more. */
  private orphans: string[] = [];

  constructor(private readonly fields: readonly StateField[]) {
    this.values = fields.map(({ initial }) => initial);
    this.before = fields.map(() => null);
    this.touched = fields.map(() => false);
    this.changed = fields.map(() => false);
    this.saved = fields.map(() => false);
    const view = {};
    fields.forEach((of, i) => {
      const get = () => this.values[i];
      Object.defineProperty(view, of.name, { get, set: (value) => this.set(i, value), enumerable: true });
    });
    // A field that was not named would not be kept.
    this.view = Object.preventExtensions(view);
  }

  /** The changes of the row stay. */
  accept(): void {
    if (!this.isTouched) return;
    for (let i = 0; i < this.touched.length; i++) {
      if (!this.touched[i]) continue;
      this.touched[i] = false;
      this.before[i] = null;
      this.changed[i] = true;
    }
    this.isTouched = false;
    this.hasChanged = true;
  }

  /** The state is as it was before the row. */
  undo(): void {
    if (!this.isTouched) return;
    for (let i = 0; i < this.touched.length; i++) {
      if (!this.touched[i]) continue;
      this.values[i] = this.before[i];
      this.touched[i] = false;
      this.before[i] = null;
    }
    this.isTouched = false;
  }

  /** As at first. */
  clear(): void {
    for (let i = 0; i < this.fields.length; i++) this.put(i, this.fields[i]!.initial);
  }

  *changes(): Iterable<[piece: string, value: Uint8Array | null]> {
    if (!this.hasChanged) return;
    this.hasChanged = false;
    for (const piece of this.orphans.splice(0)) yield [piece, null];
    const small: Saved[] = [];
    let smallChanged = false;
    for (let i = 0; i < this.fields.length; i++) {
      const { name, type } = this.fields[i]!;
      const value = this.values[i];
      const changed = this.changed[i]!;
      const isLarge = type === 'json' ? value !== null : typeof value === 'string' && value.length > SMALL_BYTES;
      this.changed[i] = false;
      smallChanged ||= changed;
      if (!isLarge) small.push([name, type, value]);
      if (isLarge && changed) yield [pieceOf(name), serialize([name, type, value] satisfies Saved)];
      else if (!isLarge && this.saved[i]) yield [pieceOf(name), null];
      this.saved[i] = isLarge;
    }
    if (smallChanged) yield [CELLS, serialize(small)];
  }

  /** Fields that are declared with another type now, or no more, begin anew or are gone. */
  restore(pieces: ReadonlyMap<string, Uint8Array>): void {
    const cells = pieces.get(CELLS);
    for (const saved of cells ? (deserialize(cells) as Saved[]) : []) this.restoreField(saved, false);
    this.fields.forEach(({ name }) => {
      const bytes = pieces.get(pieceOf(name));
      if (bytes) this.restoreField(deserialize(bytes) as Saved, true);
    });
    const own = new Set(this.fields.map(({ name }) => pieceOf(name)));
    this.orphans = [...pieces.keys()].filter((piece) => piece.startsWith(PIECE) && !own.has(piece));
    this.hasChanged ||= this.orphans.length > 0;
  }

  private restoreField([name, type, value]: Saved, isPiece: boolean): void {
    const at = this.fields.findIndex((of) => of.name === name);
    if (at < 0) return;
    this.saved[at] = isPiece;
    if (this.fields[at]!.type === type) this.values[at] = frozen(value);
    else {
      this.changed[at] = true;
      this.hasChanged = true;
    }
  }

  private set(at: number, value: unknown): void {
    const { name, type } = this.fields[at]!;
    try {
      this.put(at, storedCell(type, value));
    } catch (fault) {
      if (!(fault instanceof CellFault)) throw fault;
      throw new CellFault(`state.${name} ${fault.message}`);
    }
  }

  private put(at: number, value: unknown): void {
    if (!this.touched[at]) {
      this.touched[at] = true;
      this.isTouched = true;
      this.before[at] = this.values[at];
    }
    this.values[at] = value;
  }
}

/** Names of pieces hold letters, digits, dots and dashes only. */
function pieceOf(name: string): string {
  return `${PIECE}${Buffer.from(name).toString('hex')}`;
}
