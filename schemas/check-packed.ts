import { isUtf8 } from 'node:buffer';
import { bitmapBytes } from '../columnar/batch.js';
import { CELL_BYTES, type Field, type Schema } from '../columnar/schema.js';
import { PitwallError } from '../core/errors.js';
import { BATCH_ROWS_MAX, COLUMNS_MAX, TIME_US_MAX } from '../core/limits.js';
import { ownTimeUs, pad8 } from './data-block.js';
import type { ReadPackedBatch } from './read-packed.js';

/** Why the described columns make no schema; throws `bad-payload`. */
export function checkColumns(fields: readonly Field[]): void {
  if (fields.length > COLUMNS_MAX) {
    throw refuse('too-many-columns', `describes ${fields.length} columns; the limit is ${COLUMNS_MAX}`);
  }
  const names = new Set<string>();
  for (const f of fields) {
    if (f.name === '' || f.name.length > 256)
      throw refuse('bad-payload', 'has a column name that is empty or over 256 characters');
    if (names.has(f.name)) throw refuse('bad-payload', `describes column "${f.name}" twice`);
    names.add(f.name);
    const scalable = f.type === 'i64' || f.type === 'i32' || f.type === 'i16' || f.type === 'u8';
    if (!Number.isFinite(f.scale) || !Number.isFinite(f.offset) || f.scale === 0) {
      throw refuse(
        'bad-payload',
        `gives column "${f.name}" the scale ${f.scale} and offset ${f.offset}; both must be finite, scale not 0`,
      );
    }
    if (!scalable && (f.scale !== 1 || f.offset !== 0)) {
      throw refuse(
        'bad-payload',
        `gives column "${f.name}" of type ${f.type} a scale or offset; only integers take them`,
      );
    }
  }
}

/**
 * Holds a batch from outside to account, without copying it: counts, lengths, dictionaries and times. Returns whether
 * its times ascend (they may be sorted by the caller otherwise). After it, reading the batch cannot fail.
 */
export function checkPacked(batch: ReadPackedBatch, schema: Schema): boolean {
  const { rows, periodUs, t0Us, nullBytes, dataBytes } = batch;
  if (!(rows >= 1 && rows <= BATCH_ROWS_MAX))
    throw refuse('bad-payload', `says ${rows} rows; 1 to ${BATCH_ROWS_MAX} are allowed`);
  const each = bitmapBytes(rows);
  if (nullBytes !== 0 && nullBytes !== each * schema.fields.length) {
    throw refuse(
      'bad-payload',
      `has ${nullBytes} bytes of nulls; ${each} a column for ${schema.fields.length} columns are ${each * schema.fields.length}`,
    );
  }
  if (!(periodUs >= 0 && periodUs <= TIME_US_MAX)) throw refuse('bad-time', `has the period ${periodUs} us`);
  let at = periodUs === 0 ? rows * 8 : 0;
  if (!(t0Us >= 0 && t0Us <= TIME_US_MAX)) throw farOff(t0Us);
  for (let c = 0; c < schema.fields.length; c++) {
    const { name, type } = schema.fields[c]!;
    const start = at;
    at += pad8(rows * CELL_BYTES[type]);
    if (at > dataBytes) throw tooShort(dataBytes, name);
    if (type === 'bool') checkBools(batch.data, start, rows, name);
    if (type === 'utf8') {
      const isEmpty = nullBytes > 0 && allNull(batch.nulls, c * each, rows);
      at = checkDictionary(batch, start, at, name, isEmpty);
    }
  }
  if (at !== dataBytes) {
    throw refuse(
      'bad-payload',
      `has ${dataBytes} bytes of data where ${rows} rows of ${schema.fields.length} columns take ${at}`,
    );
  }
  return checkTimes(batch, t0Us, rows);
}

/** Whoever computes with bool columns takes their bytes for 0 or 1. */
function checkBools(data: Buffer, start: number, rows: number, column: string): void {
  for (let i = start; i < start + rows; i++) {
    if (data[i]! > 1)
      throw refuse('bad-payload', `has the byte ${data[i]} in bool column "${column}"; 0 and 1 are allowed`);
  }
}

function allNull(nulls: Buffer, from: number, rows: number): boolean {
  for (let i = 0; i < rows; i++) if ((nulls[from + (i >> 3)]! & (1 << (i & 7))) === 0) return false;
  return true;
}

function checkTimes(batch: ReadPackedBatch, t0Us: number, rows: number): boolean {
  const { periodUs } = batch;
  if (periodUs !== 0) {
    const last = t0Us + Math.round((rows - 1) * periodUs);
    if (!(last <= TIME_US_MAX)) throw farOff(last);
    return true;
  }
  let ascending = true;
  let previous = -1;
  for (let i = 0; i < rows; i++) {
    const time = ownTimeUs(batch, i);
    if (!(time >= 0 && time <= TIME_US_MAX)) throw farOff(time);
    if (time < previous) ascending = false;
    previous = time;
  }
  return ascending;
}

function checkDictionary(batch: ReadPackedBatch, start: number, at: number, column: string, isEmpty: boolean): number {
  const { data, rows } = batch;
  if (at + 8 > data.length) throw tooShort(data.length, column);
  const count = data.readUInt32LE(at);
  const bytes = data.readUInt32LE(at + 4);
  const size = 8 + count * 4 + bytes;
  const end = at + size + ((8 - (size % 8)) % 8);
  if (count > BATCH_ROWS_MAX || end > data.length) throw tooShort(data.length, column);
  checkTexts(data, at + 8, count, bytes, column);
  if (count === 0 && !isEmpty) {
    throw refuse('bad-payload', `has no text in the dictionary of column "${column}", yet cells that are not null`);
  }
  for (let i = 0, b = start; i < rows; i++, b += 4) {
    const index = data.readInt32LE(b);
    if ((index < 0 || index >= count) && !(count === 0 && index === 0)) {
      throw refuse('bad-payload', `has index ${index} in column "${column}" whose dictionary has ${count} texts`);
    }
  }
  return end;
}

/** `count` ends at `at`, then `bytes` of texts that fill them exactly. */
function checkTexts(data: Buffer, at: number, count: number, bytes: number, column: string): void {
  const first = at + count * 4;
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const stop = data.readUInt32LE(at + i * 4);
    if (stop < previous || stop > bytes) {
      throw refuse(
        'bad-payload',
        `has a dictionary for "${column}" whose text ${i} ends before it begins or outside it`,
      );
    }
    // A byte 10xxxxxx goes on with a character that began before: no text starts with one.
    if (previous < bytes && (data[first + previous]! & 0xc0) === 0x80) throw notUtf8(column);
    previous = stop;
  }
  if (previous !== bytes) {
    throw refuse('bad-payload', `has ${bytes} bytes of text for "${column}" where its last text ends at ${previous}`);
  }
  if (!isUtf8(data.subarray(first, first + bytes))) throw notUtf8(column);
}

function notUtf8(column: string): PitwallError {
  return refuse('bad-payload', `has a text in column "${column}" that is not valid UTF-8`);
}

function tooShort(bytes: number, column: string): PitwallError {
  return refuse('bad-payload', `has ${bytes} bytes of data, too few for column "${column}": a count in it lies`);
}

function farOff(timeUs: number): PitwallError {
  return refuse('bad-time', `has a row at ${timeUs} us since 1970; 1970 to 2200 are taken`);
}

function refuse(code: 'bad-payload' | 'bad-time' | 'too-many-columns', why: string): PitwallError {
  return new PitwallError(code, `the batch ${why}`, { stage: 'decode' });
}
