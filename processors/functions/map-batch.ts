import type { Batch, Column } from '../../columnar/batch.js';
import { type Field, field, Schema } from '../../columnar/schema.js';
import { threadWatch } from '../thread-watch.js';
import { SchemaCache } from '../verbs/schema-cache.js';
import type { StepContext } from '../verbs/step-context.js';
import type { Operator } from '../verbs/verb.js';
import { batchRows } from './batch-rows.js';
import { cellWriter, typeOfValue } from './cell-writer.js';
import type { PerBatch } from './function-definition.js';
import { functionFailed, isOwnFault, stepName } from './function-fault.js';
import type { BatchCalls } from './outside-calls.js';
import { CellFault, kindOf } from './stored-cell.js';

const ARRAY_TYPES = new Map<unknown, Field['type']>([
  [Float64Array, 'f64'],
  [Float32Array, 'f32'],
  [BigInt64Array, 'i64'],
  [Int32Array, 'i32'],
  [Int16Array, 'i16'],
  [Uint8Array, 'u8'],
]);

/** A function per batch, ready to run; `calls` has asked one that waits. */
export function mapBatch(of: PerBatch, module: string, context: StepContext, calls: BatchCalls | null): Operator {
  const schemas = new SchemaCache((batch) => new Map([['', batch.schema]]));
  const name = stepName(context, module);
  return {
    apply(batch) {
      threadWatch.enterRows(name, batch.stream);
      threadWatch.row(batch.timeUs[0]!);
      threadWatch.goesOn();
      let hasAnswered = false;
      try {
        const result = calls ? calls.answer(batch, 0) : of.call(batchRows(batch) as never, { stream: batch.stream });
        hasAnswered = true;
        if (result === null || result === undefined || result === false) return null;
        if (result === true) return batch;
        return withColumns(batch, result, of, schemas.get(batch));
      } catch (cause) {
        if (hasAnswered && isOwnFault(cause)) throw cause;
        throw functionFailed(context, module, cause);
      } finally {
        threadWatch.leaveRows();
      }
    },
  };
}

function withColumns(batch: Batch, result: unknown, of: PerBatch, known: Map<string, Schema>): Batch {
  if (typeof result !== 'object' || Array.isArray(result) || result instanceof Promise) {
    throw new CellFault(`the function gave ${kindOf(result)}; a batch is an object with an array for each column`);
  }
  const fields: Field[] = [...batch.schema.fields];
  const columns: Column[] = [...batch.columns];
  for (const [name, type] of Object.entries(of.columns)) {
    // A declared column is there, whatever the function gives this time.
    if (batch.schema.indexOf(name) >= 0 || Object.hasOwn(result as object, name)) continue;
    fields.push(field(name, type));
    columns.push(cellWriter(name, type).take(batch.rows));
  }
  for (const [name, cells] of Object.entries(result as Record<string, unknown>)) {
    if (cells === undefined) continue;
    if (name === 'timeUs' || name === '') throw new CellFault(`"${name}" cannot name a column of the result`);
    const made = column(name, cells, batch.rows, of.columns[name] ?? null);
    if (made === null) continue;
    const at = fields.findIndex((f) => f.name === name);
    fields[at < 0 ? fields.length : at] = field(name, made.type);
    columns[at < 0 ? columns.length : at] = made.column;
  }
  const key = JSON.stringify(fields);
  let schema = known.get(key);
  if (!schema) known.set(key, (schema = new Schema(fields)));
  return { stream: batch.stream, schema, rows: batch.rows, timeUs: batch.timeUs, columns };
}

/** A column from what the function gave; null where all is null and no type is declared. */
function column(
  name: string,
  cells: unknown,
  rows: number,
  declared: Field['type'] | null,
): { type: Field['type']; column: Column } | null {
  const ofArray = ARRAY_TYPES.get((cells as object | null)?.constructor);
  if (!ofArray && !Array.isArray(cells))
    throw new CellFault(`column ${name} is ${kindOf(cells)}, where an array belongs`);
  const list = cells as ArrayLike<unknown>;
  if (list.length !== rows) throw new CellFault(`column ${name} has ${list.length} cells for ${rows} rows`);
  const type = declared ?? ofArray ?? typeOfValue(Array.prototype.find.call(list, (cell) => (cell ?? null) !== null));
  if (type === null) return null;
  const writer = cellWriter(name, type);
  const nanIsNull = ofArray === 'f64' || ofArray === 'f32';
  for (let i = 0; i < rows; i++) {
    const cell = list[i] ?? null;
    try {
      writer.set(i, nanIsNull && Number.isNaN(cell) ? null : type === 'bool' && ofArray ? cell !== 0 : cell);
    } catch (fault) {
      if (!(fault instanceof CellFault)) throw fault;
      throw new CellFault(`column ${name}, item ${i}, ${fault.message}; it is ${type}`);
    }
  }
  return { type, column: writer.take(rows) };
}
