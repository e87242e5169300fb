import type { ColumnType } from '../../../columnar/schema.js';

/** What was sent, as plain values: the oracle that stores are held to. Nothing of it comes from an encoder of a sink. */

export type Cell = number | bigint | boolean | string | null;

export type StoreName = 'InfluxDB' | 'S3' | 'MongoDB';

/** What something is called in a store that does not call it by its own name; null: it is not there. */
export type Called = Partial<Record<StoreName, string | null>>;

export interface SentColumn {
  name: string;
  /** Of the cells as they are meant, after scale and offset. */
  type: ColumnType;
  called?: Called;
}

/** What a row's stream has in each of its rows: its name, and what the pattern captures. */
export interface SentTag {
  name: string;
  value: string;
  called?: Called;
  /** The value in InfluxDB, where that has no room for it as it is. */
  inInfluxdb?: string;
}

export interface SentRow {
  timeUs: number;
  /** One a column. Whole numbers of integer columns are numbers within ±(2^53 - 1), else bigints. */
  cells: readonly Cell[];
}

export interface SentStream {
  name: string;
  tags: readonly SentTag[];
  columns: readonly SentColumn[];
  rows: readonly SentRow[];
  /** A person's data: no message shows a cell of it. */
  isPrivate: boolean;
}

/** The tags of a stream below `KIND/{car}/SENSOR`. */
export function tagsOf(stream: string): SentTag[] {
  return [
    { name: 'stream', value: stream },
    { name: 'car', value: stream.split('/')[1]! },
  ];
}

/** A whole number as cells hold it. */
export function wholeNumber(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
