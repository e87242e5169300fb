import type { ColumnType } from '../../columnar/schema.js';

/*
 * What the compiler knows of the columns of rows: `{ speed: number; tyre: string }`.
 */

/** Columns, or a kind of column, that are learned while rows pass: it fits everywhere, and stays what it is. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known, and nothing may be refused
export type Learned = any;

/** A cell, as expressions see it. */
export type Value = number | boolean | string;

/** Columns with their types in the store: `{ speed: 'f64', tyre: 'utf8' }`. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>;

/** `{ speed: 'f64' }` as `{ speed: number }`. */
export type ColumnsOf<T extends ColumnTypes> = {
  [N in keyof T]: T[N] extends 'utf8' ? string : T[N] extends 'bool' ? boolean : number;
};

/** `Then` where columns are known. (Only of `any` is it true that its intersection with 1 takes in 0.) */
export type IfKnown<C, Then> = 0 extends 1 & C ? Learned : Then;

/** Names of columns; any text where they are not known. */
export type NameOf<C> = keyof C & string;

/** The columns of `C`, with those of `New` put in or replaced. */
export type With<C, New> = IfKnown<C, { [N in keyof C | keyof New]: N extends keyof New ? New[N] : C[N & keyof C] }>;

/** The named columns only: they are known from here on, even where they were not. */
export type Selected<C, N extends string> = string extends N ? C : { [K in N]: C[K & keyof C] };

export type Without<C, N> = IfKnown<C, { [K in keyof C as K extends N ? never : K]: C[K] }>;

/** Columns that both have, of one kind in both. */
export type Common<C, D> = IfKnown<C, IfKnown<D, { [N in keyof C & keyof D as C[N] extends D[N] ? N : never]: C[N] }>>;

/** The columns of the right side of a join under their new names. */
export type Prefixed<R, P extends string> = IfKnown<R, { [N in keyof R & string as `${P}${N}`]: R[N] }>;

/** Names that a join would make although they are there; never where all is well or not known. */
export type Clash<C, R, P extends string> = 0 extends (1 & C) | (1 & R) ? never : keyof C & `${P}${NameOf<R>}`;
