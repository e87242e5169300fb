/**
 * What other programs may build on: the whole gateway from a configuration, and the contracts of the parts that users
 * write themselves. Everything else is internal and may change.
 */
export { type Batch, type Column, cellAt, isNull } from '../columnar/batch.js';
export { sliceRows } from '../columnar/kernels/slice.js';
export { type ColumnType, type Field, Schema } from '../columnar/schema.js';
export { ERROR_CODES, type ErrorCode, PitwallError } from '../core/errors.js';
export { Logger } from '../core/logger.js';
export { registerAggregate } from '../processors/aggregates/aggregates.js';
export type { OwnAggregate } from '../processors/aggregates/own-aggregate.js';
export * from '../processors/dataframe/index.js';
export {
  asyncBatchFunction,
  asyncFunction,
  batchFunction,
  rowFunction,
  statefulFunction,
} from '../processors/functions/function-definition.js';
export type {
  AsyncAt,
  AsyncBatchFunctionOptions,
  AsyncFunctionOptions,
  At,
  BatchFunctionOptions,
  BatchResult,
  BatchRows,
  Cell,
  Row,
  RowCells,
  RowFunctionOptions,
  RowResult,
  State,
  StatefulFunctionOptions,
} from '../processors/functions/function-types.js';
export type { AuditedStream, Auditor, Overwriting } from '../sinks/auditor.js';
export { retryAfterMs } from '../sinks/delivery/retry-after.js';
export type { Refuse, RefusedRow, RequestBuilder, Store } from '../sinks/delivery/store.js';
export { StoreFault, type StoreFaultKind } from '../sinks/delivery/store-fault.js';
export type { Position, Sink, SinkBatch, SinkNews } from '../sinks/sink.js';
export { type JsonRequest, type JsonRequestOptions, JsonRequests } from '../sinks/text/json-requests.js';
export type { Config } from './config/config.js';
export { loadConfig } from './config/load-config.js';
export { Pipeline } from './pipeline.js';
export type { ModuleAnswers, ModuleStore, SinkModuleContext } from './sink-module.js';
