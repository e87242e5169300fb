import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { BusRecord } from '../../../bus/bus.js';
import type { ColumnType, Schema } from '../../../columnar/schema.js';
import { entityKeyOf } from '../../../core/stream-name.js';
import { type PlainBatch, plainBlock, schemaOf } from '../../schemas/packed-oracle.js';

/** Records of the spool written and read by plain avsc and cell by cell, apart from the code that is tested. */
const type = avro.Type.forSchema(
  JSON.parse(readFileSync(new URL('../../../../schemas/telemetry-batch.avsc', import.meta.url), 'utf8')),
);

/** Time and cells of a row. */
export type PlainRow = (number | bigint | string | null)[];

/** What a row needs to be read from its bytes. */
export interface PlainPacked {
  t0Us: number;
  periodUs: number;
  rows: number;
  nulls: Buffer;
  data: Buffer;
}

export interface PlainHeader extends PlainPacked {
  seq: number;
  stream: string;
  schema: number;
}

/** The batch as a `TelemetryBatch`, as a view that starts at no multiple of anything. */
export function plainValue(plain: PlainBatch, stream: string, other: Partial<PlainHeader> = {}): Buffer {
  const { timeUs, columns } = plain;
  const rows = timeUs.length;
  const step = rows > 1 ? timeUs[1]! - timeUs[0]! : 1;
  const even = step > 0 && timeUs.every((time, i) => time === timeUs[0]! + i * step);
  const each = Math.ceil(rows / 8);
  const nulls = Buffer.alloc(columns.some(({ cells }) => cells.includes(null)) ? each * columns.length : 0);
  for (const [c, { cells }] of columns.entries()) {
    for (const [i, cell] of cells.entries()) if (cell === null) nulls[c * each + (i >> 3)]! |= 1 << (i & 7);
  }
  const bytes = type.toBuffer({
    ...{ seq: 0, stream, schema: schemaOf(plain).fingerprint, columns: [], t0Us: timeUs[0], rows },
    ...{ periodUs: even ? step : 0, nulls, data: plainBlock(plain, !even) },
    ...other,
  });
  return Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
}

export function plainHeader(value: Buffer): PlainHeader {
  return type.fromBuffer(value) as PlainHeader;
}

export function plainRows({ t0Us, periodUs, rows, nulls, data }: PlainPacked, { fields }: Schema): PlainRow[] {
  let at = 0;
  const list: PlainRow[] = Array.from({ length: rows }, (_, i) => {
    if (periodUs !== 0) return [t0Us + Math.round(i * periodUs)];
    return [t0Us + Number(data.readBigInt64LE((at += 8) - 8))];
  });
  const each = Math.ceil(rows / 8);
  for (const [c, f] of fields.entries()) {
    const cells = list.map(() => CELLS[f.type](data, (at += WIDTH[f.type]) - WIDTH[f.type]));
    at = Math.ceil(at / 8) * 8;
    if (f.type === 'utf8') {
      const count = data.readUInt32LE(at);
      const bytes = data.readUInt32LE(at + 4);
      const ends = Array.from({ length: count }, (_, i) => data.readUInt32LE(at + 8 + 4 * i));
      const first = at + 8 + 4 * count;
      for (const [i, index] of cells.entries()) {
        const start = index === 0 ? 0 : ends[Number(index) - 1]!;
        cells[i] = count === 0 ? null : data.toString('utf8', first + start, first + ends[Number(index)]!);
      }
      at = Math.ceil((first + bytes) / 8) * 8;
    }
    for (const [i, row] of list.entries()) {
      const isNull = nulls.length > 0 && ((nulls[c * each + (i >> 3)]! >> (i & 7)) & 1) === 1;
      row.push(isNull ? null : cells[i]!);
    }
  }
  if (at !== data.length) throw new Error(`the data end at ${at}, the block at ${data.length}`);
  return list;
}

/** The rows as they were put in. */
export function rowsIn({ timeUs, columns }: PlainBatch): PlainRow[] {
  return timeUs.map((time, i) => [time, ...columns.map(({ cells }) => cells[i]!)]);
}

export function spooled(offset: number, stream: string, value: Buffer, rest: Partial<BusRecord> = {}): BusRecord {
  return {
    offset,
    kind: 'data',
    key: entityKeyOf(stream),
    stream,
    receivedUs: 1_700_000_000_000_000,
    writer: 'gateway-1',
    sequence: 1000 + offset,
    tags: '',
    value,
    ...rest,
  };
}

export function tick(offset: number, receivedUs = 1_700_000_000_000_000): BusRecord {
  return spooled(offset, '', Buffer.alloc(0), { kind: 'tick', key: '', receivedUs });
}

const WIDTH: Record<ColumnType, number> = { f64: 8, f32: 4, i64: 8, i32: 4, i16: 2, u8: 1, bool: 1, utf8: 4 };

const CELLS: Record<ColumnType, (data: Buffer, at: number) => number | bigint | string | null> = {
  f64: (data, at) => data.readDoubleLE(at),
  f32: (data, at) => data.readFloatLE(at),
  i64: (data, at) => data.readBigInt64LE(at),
  i32: (data, at) => data.readInt32LE(at),
  i16: (data, at) => data.readInt16LE(at),
  u8: (data, at) => data.readUInt8(at),
  bool: (data, at) => data.readUInt8(at),
  utf8: (data, at) => data.readInt32LE(at),
};
