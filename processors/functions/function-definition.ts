import { COLUMN_TYPES, type ColumnType } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { parseDurationUs } from '../../core/units.js';
import type {
  AsyncAt,
  AsyncBatchFunctionOptions,
  AsyncFunctionOptions,
  At,
  BatchFunctionOptions,
  ColumnTypes,
  RowFunctionOptions,
  StatefulFunctionOptions,
  StateTypes,
  Waiting,
} from './function-types.js';
import { type StateField, stateFields } from './state-fields.js';

/** Known across copies of this package: a user's module may bring one of its own. */
const KIND = Symbol.for('pitwall.function');
const CONCURRENCY_MAX = 1000;

/** Of a function that is waited for. */
export interface CallLimits {
  /** Calls under way at once. */
  concurrency: number;
  /** A call that takes longer has failed. */
  timeoutUs: number;
}

/** A user's function as the verb `map` runs it: per row, with or without state, or per batch. */
export interface PerRow {
  readonly [KIND]: 'row';
  readonly columns: ColumnTypes;
  readonly reads: ColumnTypes | null;
  readonly ownTimes: boolean;
  /** Null: it keeps nothing between rows. */
  readonly state: readonly StateField[] | null;
  /** Infinity: never. */
  readonly expireUs: number;
  /** Null: what it gives is there when it returns. */
  readonly waits: CallLimits | null;
  readonly call: (row: never, state: never, at: AsyncAt | At) => unknown;
}

export interface PerBatch {
  readonly [KIND]: 'batch';
  readonly columns: ColumnTypes;
  readonly waits: CallLimits | null;
  readonly call: (batch: never, at: Pick<AsyncAt, 'stream' | 'signal'> | Pick<At, 'stream'>) => unknown;
}

export type UserFunction = PerRow | PerBatch;

/**
 * A function that is called with each row and says what becomes of it.
 * @throws PitwallError `bad-configuration` for options that are none.
 */
export function rowFunction<const C extends ColumnTypes = ColumnTypes, const R extends ColumnTypes = ColumnTypes>(
  options: RowFunctionOptions<C, R>,
): PerRow {
  const { row } = options;
  checkOptions('rowFunction', options, ['columns', 'reads', 'ownTimes', 'row'], 'row');
  return {
    [KIND]: 'row',
    ...common('rowFunction', options),
    state: null,
    expireUs: Number.POSITIVE_INFINITY,
    waits: null,
    call: (view, _state, at) => row(view, at),
  };
}

/**
 * A function that is called with each row and waits for something outside, such as a model server: several calls at
 * once, and the rows go on in the order they came.
 * @throws PitwallError `bad-configuration` for options that are none.
 */
export function asyncFunction<const C extends ColumnTypes = ColumnTypes, const R extends ColumnTypes = ColumnTypes>(
  options: AsyncFunctionOptions<C, R>,
): PerRow {
  const { row } = options;
  checkOptions(
    'asyncFunction',
    options,
    ['columns', 'reads', 'ownTimes', 'concurrency', 'timeout', 'row'],
    'row',
    true,
  );
  return {
    [KIND]: 'row',
    ...common('asyncFunction', options),
    state: null,
    expireUs: Number.POSITIVE_INFINITY,
    waits: callLimits('asyncFunction', options),
    call: (view, _state, at) => row(view, at as AsyncAt),
  };
}

/**
 * A function that is called with many rows at once, as `batchFunction`, and waits for something outside.
 * @throws PitwallError `bad-configuration` for options that are none.
 */
export function asyncBatchFunction<const C extends ColumnTypes = ColumnTypes>(
  options: AsyncBatchFunctionOptions<C>,
): PerBatch {
  checkOptions('asyncBatchFunction', options, ['columns', 'concurrency', 'timeout', 'batch'], 'batch', true);
  const { batch } = options;
  return {
    [KIND]: 'batch',
    columns: columnTypes('asyncBatchFunction', 'columns', options.columns),
    waits: callLimits('asyncBatchFunction', options),
    call: batch as PerBatch['call'],
  };
}

/**
 * A function with a state of its own for each lane (each stream of each entity), which outlives restarts.
 * @throws PitwallError `bad-configuration` for options that are none.
 */
export function statefulFunction<
  const S extends StateTypes,
  const C extends ColumnTypes = ColumnTypes,
  const R extends ColumnTypes = ColumnTypes,
>(options: StatefulFunctionOptions<S, C, R>): PerRow {
  const { row, expire } = options;
  checkOptions('statefulFunction', options, ['state', 'expire', 'columns', 'reads', 'ownTimes', 'row'], 'row');
  return {
    [KIND]: 'row',
    ...common('statefulFunction', options),
    state: stateFields(options.state),
    expireUs: expire === undefined ? Number.POSITIVE_INFINITY : parseDurationUs(expire),
    waits: null,
    call: row as PerRow['call'],
  };
}

/**
 * A function that is called with many rows at once, as many as came together: what it gives for a row must not depend on
 * the others, since how rows come together is not fixed.
 * @throws PitwallError `bad-configuration` for options that are none.
 */
export function batchFunction<const C extends ColumnTypes = ColumnTypes>(options: BatchFunctionOptions<C>): PerBatch {
  checkOptions('batchFunction', options, ['columns', 'batch'], 'batch');
  const { batch } = options;
  return {
    [KIND]: 'batch',
    columns: columnTypes('batchFunction', 'columns', options.columns),
    waits: null,
    call: batch,
  };
}

/** What a module exports as a function: one made by the above, or a plain function, which is called with each row. */
export function functionOf(exported: unknown): UserFunction | null {
  if (isAsync(exported)) return asyncFunction({ row: exported as never });
  if (typeof exported === 'function') return rowFunction({ row: exported as never });
  const isOne = typeof exported === 'object' && exported !== null && KIND in exported;
  return isOne ? (exported as UserFunction) : null;
}

export function isPerBatch(of: UserFunction): of is PerBatch {
  return of[KIND] === 'batch';
}

function common(
  maker: string,
  { columns, reads, ownTimes = false }: Omit<RowFunctionOptions<ColumnTypes, ColumnTypes>, 'row'>,
) {
  if (typeof ownTimes !== 'boolean') throw wrong(maker, 'ownTimes is true or false');
  return {
    columns: columnTypes(maker, 'columns', columns),
    reads: reads === undefined ? null : columnTypes(maker, 'reads', reads),
    ownTimes,
  };
}

function checkOptions(maker: string, options: object, keys: readonly string[], method: string, waits = false): void {
  if (typeof options !== 'object' || options === null) throw wrong(maker, `takes one object with ${keys.join(', ')}`);
  const unknown = Object.keys(options).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw wrong(maker, `"${unknown}" is none of its options, which are ${keys.join(', ')}`);
  const given = (options as Record<string, unknown>)[method];
  if (!waits && isAsync(given)) {
    const instead = { rowFunction: 'asyncFunction', batchFunction: 'asyncBatchFunction' }[maker];
    const what = instead ? `write ${instead}({ … })` : 'a function with state cannot wait: ask in a step before it';
    throw wrong(maker, `${method} is async; ${what}`);
  }
  if (typeof given !== 'function') {
    throw wrong(maker, `${method} must be a function, as in ${maker}({ ${method}(${method}) { return … } })`);
  }
}

function callLimits(maker: string, { concurrency = 8, timeout = '10s' }: Waiting): CallLimits {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    throw wrong(maker, `concurrency is a whole number from 1 to ${CONCURRENCY_MAX}`);
  }
  const timeoutUs = parseDurationUs(timeout);
  if (!(timeoutUs > 0)) throw wrong(maker, 'timeout is longer than nothing');
  return { concurrency, timeoutUs };
}

function isAsync(given: unknown): boolean {
  return Object.prototype.toString.call(given) === '[object AsyncFunction]';
}

function columnTypes(maker: string, option: string, columns: unknown): ColumnTypes {
  if (columns === undefined) return {};
  if (typeof columns !== 'object' || columns === null) throw wrong(maker, `${option} names columns with their types`);
  for (const [name, type] of Object.entries(columns)) {
    if (name === '' || name === 'timeUs') throw wrong(maker, `${option}: "${name}" cannot name a column`);
    if (!COLUMN_TYPES.includes(type as ColumnType)) {
      throw wrong(maker, `${option}.${name}: "${String(type)}" is no type; write one of ${COLUMN_TYPES.join(', ')}`);
    }
  }
  return { ...columns } as ColumnTypes;
}

function wrong(maker: string, what: string): PitwallError {
  return new PitwallError('bad-configuration', `${maker}: ${what}`, { stage: 'configuration' });
}
