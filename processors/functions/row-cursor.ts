import { type Batch, type Column, isNull } from '../../columnar/batch.js';
import type { Field, Schema } from '../../columnar/schema.js';
import type { Cell, ColumnTypes } from './function-types.js';
import { CellFault } from './stored-cell.js';

const SAFE_MIN = BigInt(Number.MIN_SAFE_INTEGER);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Where a cursor stands; the getters of its view close over it. */
interface Place {
  columns: readonly Column[];
  timeUs: Float64Array;
  row: number;
}

/**
 * The rows of batches of one schema as one object with a getter a column: made once a schema, so that reading a cell
 * makes nothing and looks no name up.
 */
export class RowCursor {
  /** What a function is given. */
  readonly view: object;
  private readonly place: Place = { columns: [], timeUs: new Float64Array(0), row: 0 };

  /** Throws CellFault where a column is not of the kind that `reads` says. */
  constructor(schema: Schema, reads: ColumnTypes | null) {
    const { place } = this;
    const getters = schema.fields.map((f, c) => getterOf(place, f, c));
    const view = {};
    schema.fields.forEach((f, c) => {
      Object.defineProperty(view, f.name, { get: getters[c]!, enumerable: true, configurable: true });
    });
    for (const [name, type] of Object.entries(reads ?? {})) {
      const found = schema.fields[schema.indexOf(name)];
      if (!found) Object.defineProperty(view, name, { value: null, enumerable: true, configurable: true });
      else if (kind(found.type) !== kind(type)) {
        throw new CellFault(`column ${name} holds ${kind(found.type)}, and the function reads ${kind(type)}`);
      }
    }
    Object.defineProperty(view, 'timeUs', { get: () => place.timeUs[place.row]!, configurable: true });
    Object.defineProperty(view, 'get', {
      value: (name: string): Cell => {
        const index = schema.indexOf(name);
        return index < 0 ? null : getters[index]!();
      },
      configurable: true,
    });
    this.view = Object.freeze(view);
  }

  start(batch: Batch): void {
    this.place.columns = batch.columns;
    this.place.timeUs = batch.timeUs;
  }

  moveTo(row: number): void {
    this.place.row = row;
  }

  /** Lets go of the batch. */
  end(): void {
    this.place.columns = [];
    this.place.timeUs = new Float64Array(0);
  }
}

/** A function that reads a cell of a column in any row. */
export function cellReader(f: Field, column: Column): (row: number) => Cell {
  const place: Place = { columns: [column], timeUs: new Float64Array(0), row: 0 };
  const get = getterOf(place, f, 0);
  return (row) => {
    place.row = row;
    return get();
  };
}

export function kind(type: Field['type']): 'texts' | 'bools' | 'numbers' {
  return type === 'utf8' ? 'texts' : type === 'bool' ? 'bools' : 'numbers';
}

/** One maker a type, so that each getter meets one kind of array. */
function getterOf(place: Place, f: Field, c: number): () => Cell {
  switch (f.type) {
    case 'f64':
      return doubles(place, c);
    case 'utf8':
      return texts(place, c);
    case 'bool':
      return bools(place, c);
    case 'i64':
      return longs(place, f, c);
    case 'f32':
      return singles(place, c);
    default:
      return wholes(place, f, c);
  }
}

function doubles(place: Place, c: number): () => Cell {
  return () => {
    const { values, nulls } = place.columns[c]!;
    return isNull(nulls, place.row) ? null : (values as Float64Array)[place.row]!;
  };
}

function singles(place: Place, c: number): () => Cell {
  return () => {
    const { values, nulls } = place.columns[c]!;
    return isNull(nulls, place.row) ? null : (values as Float32Array)[place.row]!;
  };
}

function texts(place: Place, c: number): () => Cell {
  return () => {
    const { values, nulls, dictionary } = place.columns[c]!;
    return isNull(nulls, place.row) ? null : dictionary![(values as Int32Array)[place.row]!]!;
  };
}

function bools(place: Place, c: number): () => Cell {
  return () => {
    const { values, nulls } = place.columns[c]!;
    return isNull(nulls, place.row) ? null : (values as Uint8Array)[place.row] !== 0;
  };
}

function wholes(place: Place, { scale, offset }: Field, c: number): () => Cell {
  const isPlain = scale === 1 && offset === 0;
  return () => {
    const { values, nulls } = place.columns[c]!;
    if (isNull(nulls, place.row)) return null;
    const raw = (values as Int32Array)[place.row]!;
    return isPlain ? raw : raw * scale + offset;
  };
}

function longs(place: Place, { scale, offset }: Field, c: number): () => Cell {
  const isPlain = scale === 1 && offset === 0;
  return () => {
    const { values, nulls } = place.columns[c]!;
    if (isNull(nulls, place.row)) return null;
    const raw = (values as BigInt64Array)[place.row]!;
    if (isPlain) return raw >= SAFE_MIN && raw <= SAFE_MAX ? Number(raw) : raw;
    return Number(raw) * scale + offset;
  };
}
