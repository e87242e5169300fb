import { COLUMN_TYPES, type ColumnType } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import type { StateType, StateTypes } from './function-types.js';
import { CellFault, storedCell } from './stored-cell.js';

/** More than any algorithm over one lane names; each costs room in every checkpoint that changes it. */
export const STATE_FIELDS_MAX = 64;

/** A field of a function's state. */
export interface StateField {
  readonly name: string;
  readonly type: StateType;
  /** As it is kept: null, or what `storedCell` makes of it. */
  readonly initial: unknown;
}

/** The fields of a `state` option; throws `bad-configuration`. */
export function stateFields(state: StateTypes): StateField[] {
  if (typeof state !== 'object' || state === null) throw wrong('state names its fields with their types');
  const fields = Object.entries(state).map(([name, given]): StateField => {
    const { type, initial } = typeof given === 'object' && given !== null ? given : { type: given, initial: null };
    if (type !== 'json' && !COLUMN_TYPES.includes(type as ColumnType)) {
      throw wrong(`state.${name}: "${String(type)}" is no type; write one of ${COLUMN_TYPES.join(', ')}, json`);
    }
    try {
      return { name, type, initial: storedCell(type, initial ?? null) };
    } catch (fault) {
      if (fault instanceof CellFault) throw wrong(`the initial value of state.${name} ${fault.message}`);
      throw fault;
    }
  });
  if (fields.length > STATE_FIELDS_MAX)
    throw wrong(`${fields.length} fields of state are too many; put some into one of type json`);
  return fields;
}

function wrong(what: string): PitwallError {
  return new PitwallError('bad-configuration', `statefulFunction: ${what}`, { stage: 'configuration' });
}
