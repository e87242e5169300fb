import type { ColumnType } from '../../columnar/schema.js';

/** A cell as a function sees it: numbers with scale and offset applied, a bigint only for an `i64` beyond ±2^53. */
export type Cell = number | bigint | boolean | string | null;

/** Names of columns with their types. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>;

/** The JavaScript type of a cell that is not null. */
export type CellOf<T extends ColumnType> = T extends 'utf8'
  ? string
  : T extends 'bool'
    ? boolean
    : T extends 'i64'
      ? number | bigint
      : number;

/** Where the rows of a call come from. The same object for all calls of a lane: read it, do not keep it. */
export interface At {
  /** Stream of the rows as they come to the step: `car/44/imu`, or `PROCESSOR/ENTITY` behind another processor. */
  readonly stream: string;
  /** Key of the entity: `car/44`. */
  readonly key: string;
  /** What the patterns captured, and what came with the records. */
  readonly tags: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: without `reads` nothing is known of the columns, and any use of them is right
type AnyColumns = { readonly [column: string]: any };

/**
 * A row: a property for each column, null where the cell is. A view that moves from row to row: use it during the call,
 * keep copies (`{ ...row }`) and not the row. With `reads` its columns are typed, and null where the stream has none.
 */
export type Row<R extends ColumnTypes = ColumnTypes> = (ColumnTypes extends R
  ? AnyColumns
  : { readonly [N in keyof R]: CellOf<R[N]> | null }) & {
  /** Event time, whole microseconds since 1970. */
  readonly timeUs: number;
  /** The cell of any column: for names that are no property names or taken (`timeUs`, `get`); null where there is none. */
  get(column: string): Cell;
};

/**
 * Cells to add to the row, or to replace. `undefined` says nothing of a column. `timeUs` gives the row a time of its own,
 * where the function says `ownTimes`.
 */
export type RowCells<C extends ColumnTypes = ColumnTypes> = { readonly timeUs?: number } & {
  readonly [N in keyof C]?: CellOf<C[N]> | null;
} & { readonly [column: string]: Cell | undefined };

/** null, undefined and false drop the row, true keeps it as it is, a list gives a row for each of its items. */
export type RowResult<C extends ColumnTypes = ColumnTypes> =
  | RowCells<C>
  | readonly (RowCells<C> | true)[]
  | boolean
  | null
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that only ends drops the row
  | void;

export interface RowFunctionOptions<C extends ColumnTypes, R extends ColumnTypes> {
  /**
   * Types of the columns it gives, which are there from the first row on. A column that is not named has the type of its
   * first value in the stream: number `f64`, boolean `bool`, text `utf8`, bigint `i64`.
   */
  columns?: C;
  /** Columns it reads: types them, and makes a stream where one has another kind (number, bool, text) an error. */
  reads?: R;
  /** Rows may have times of their own (`timeUs` in a result). Steps behind then take records one at a time. */
  ownTimes?: boolean;
  row(row: Row<R>, at: At): RowResult<C>;
}

/** Where the row of a call comes from that is waited for. */
export interface AsyncAt extends At {
  /** Aborted when the call has taken too long: hand it on to `fetch`. */
  readonly signal: AbortSignal;
}

/** How often and how long a function that waits is waited for. */
export interface Waiting {
  /** Calls under way at once, in each partition: 8 unless said, 1,000 at most. */
  concurrency?: number;
  /** A call that takes longer has failed: '10s' unless said. */
  timeout?: string;
}

export interface AsyncFunctionOptions<C extends ColumnTypes, R extends ColumnTypes>
  extends Omit<RowFunctionOptions<C, R>, 'row'>,
    Waiting {
  /** The row and `at` are of this call alone, and may be used until it ends. */
  row(row: Row<R>, at: AsyncAt): Promise<RowResult<C>>;
}

export interface AsyncBatchFunctionOptions<C extends ColumnTypes> extends Waiting {
  columns?: C;
  batch(batch: BatchRows, at: Pick<AsyncAt, 'stream' | 'signal'>): Promise<BatchResult<C>>;
}

/** Types of state: those of columns, and any JSON value. */
export type StateType = ColumnType | 'json';
export type StateTypes = Readonly<Record<string, StateType | { readonly type: StateType; readonly initial: unknown }>>;

type StateTypeOf<S> = S extends { readonly type: infer T } ? T : S;
type StateCell<T> = T extends 'json'
  ? // biome-ignore lint/suspicious/noExplicitAny: any JSON value
    any
  : T extends ColumnType
    ? CellOf<T> | null
    : never;

/** A property for each field of the state. JSON values are frozen: assign a new one to change them. */
export type State<S extends StateTypes> = { -readonly [N in keyof S]: StateCell<StateTypeOf<S[N]>> };

export interface StatefulFunctionOptions<S extends StateTypes, C extends ColumnTypes, R extends ColumnTypes>
  extends Omit<RowFunctionOptions<C, R>, 'row'> {
  /** Null before the first row, or `initial`. Texts and JSON hold at most 64 KiB each. */
  state: S;
  /** A row so much later in event time than all before it in its lane finds the state as at first: '10m'. */
  expire?: string;
  row(row: Row<R>, state: State<S>, at: At): RowResult<C>;
}

/** Rows by column. All arrays are copies that the function may change and keep. */
export interface BatchRows {
  readonly rows: number;
  /** Event times, ascending. */
  readonly timeUs: Float64Array;
  /** Names of its columns. */
  readonly columns: readonly string[];
  /** A column of numbers, or of bools as 0 and 1; NaN where it is null, and everywhere when the stream has no such column. */
  column(name: string): Float64Array;
  /** The cells of any column. */
  cells(name: string): Cell[];
}

/** An array a column, each with an item a row. In a Float64Array or Float32Array NaN is null. */
export type BatchResult<C extends ColumnTypes = ColumnTypes> =
  | ({ readonly [N in keyof C]?: CellArrayLike } & { readonly [column: string]: CellArrayLike | undefined })
  | boolean
  | null
  | undefined;

export type CellArrayLike =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Uint8Array
  | BigInt64Array
  | readonly (Cell | undefined)[];

export interface BatchFunctionOptions<C extends ColumnTypes> {
  columns?: C;
  batch(batch: BatchRows, at: Pick<At, 'stream'>): BatchResult<C>;
}
