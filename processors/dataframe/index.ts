/** The streaming dataframe as users see it. */
export * from './aggregates.js';
export type { Duration } from './arguments.js';
export type { ColumnsOf } from './columns.js';
export type {
  BoolExpression,
  Column as ColumnExpression,
  Expression,
  NumberExpression,
  TextExpression,
} from './expression.js';
export type { FillOptions } from './fill-step.js';
export { atan2, coalesce, col, concat, expr, hypot, lit, when } from './functions.js';
export type { IntervalOptions, JoinOptions } from './join-step.js';
export type { LookupOptions, TableRow } from './lookup-step.js';
export type { ResampleOptions } from './resample-step.js';
export type { SortOptions } from './sort-step.js';
export { processor, stream } from './sources.js';
export { type BuiltPlan, StreamingDataFrame, type Windows } from './streaming-dataframe.js';
export type { WindowOptions } from './window-step.js';
