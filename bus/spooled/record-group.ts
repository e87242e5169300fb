import { bitmapBytes } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';
import { encodePacked } from '../../schemas/packed-batch.js';
import type { ReadPackedBatch } from '../../schemas/read-packed.js';
import type { BusRecord, OriginPart } from '../bus.js';
import { type ForwardMessage, partsOf } from './forward-message.js';
import { joinPacked } from './join-packed.js';
import type { ReadValue } from './read-value.js';

/** An upper bound of a packed batch beside stream, nulls and data. */
const HEADER_BYTES_MAX = 96;
const OWN_TIME_BYTES = 8;

/** Records of one stream that become one message, or one record that goes as it is. */
export class RecordGroup {
  private readonly records: BusRecord[];
  private readonly batches: ReadPackedBatch[];
  private readonly schema: Schema | null;
  private rows: number;
  private dataBytes: number;
  private anyNulls: boolean;
  private lastUs: number;

  constructor(record: BusRecord, { packed, schema, lastUs }: ReadValue) {
    this.records = [record];
    this.batches = packed ? [packed] : [];
    this.schema = schema;
    this.rows = packed?.rows ?? 0;
    this.dataBytes = packed ? dataBytesMax(packed) : 0;
    this.anyNulls = packed !== null && packed.nullBytes > 0;
    this.lastUs = lastUs;
  }

  /** Whether a record can go on with it that has its stream and sound rows, as its own are. */
  takes(record: BusRecord, { packed, schema, firstUs }: ReadValue, bytesMax: number, rowsMax: number): boolean {
    const head = this.records[0]!;
    const batch = this.batches[0]!;
    if (packed!.schema !== batch.schema || packed!.stream !== batch.stream || firstUs < this.lastUs) return false;
    if (record.writer !== head.writer || record.key !== head.key || record.tags !== head.tags) return false;
    const rows = this.rows + packed!.rows;
    const anyNulls = this.anyNulls || packed!.nullBytes > 0;
    const nullBytes = anyNulls ? schema!.fields.length * bitmapBytes(rows) : 0;
    const bytes = HEADER_BYTES_MAX + batch.stream.length * 3 + this.dataBytes + dataBytesMax(packed!) + nullBytes;
    return rows <= rowsMax && bytes <= bytesMax;
  }

  add(record: BusRecord, { packed, lastUs }: ReadValue): void {
    this.records.push(record);
    this.batches.push(packed!);
    this.rows += packed!.rows;
    this.dataBytes += dataBytesMax(packed!);
    this.anyNulls ||= packed!.nullBytes > 0;
    this.lastUs = lastUs;
  }

  message(): ForwardMessage {
    const { records, batches, rows } = this;
    const { kind, key, stream, writer, tags } = records[0]!;
    const { sequence } = records.at(-1)!;
    const schema = batches[0]?.schema ?? 0;
    if (records.length === 1) {
      const { receivedUs, parts, value: own } = records[0]!;
      const value = kind === 'tick' ? null : own;
      return { kind, key, stream, receivedUs, writer, sequence, tags, parts, schema, rows, value };
    }
    let receivedUs = 0;
    const parts: OriginPart[] = [];
    for (let i = 0; i < records.length; i++) {
      receivedUs = Math.max(receivedUs, records[i]!.receivedUs);
      parts.push(...partsOf(records[i]!, batches[i]!.rows));
    }
    const value = encodePacked(joinPacked(batches, batches[0]!.stream, this.schema!));
    return { kind, key, stream, receivedUs, writer, sequence, tags, parts, schema, rows, value };
  }
}

/** What a batch's data take among others whose times may not go on evenly. */
function dataBytesMax({ dataBytes, periodUs, rows }: ReadPackedBatch): number {
  return dataBytes + (periodUs === 0 ? 0 : rows * OWN_TIME_BYTES);
}
