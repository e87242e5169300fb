import { field, Schema } from '../../columnar/schema.js';
import { white } from '../../devices/fleet/noise.js';
import { pack } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import type { PlanCase } from './plan-case.js';

/** A record as it stands on the bus. */
export interface EncodedRecord {
  key: string;
  stream: string;
  schema: Schema;
  receivedUs: number;
  value: Buffer;
}

export const LEFT_PERIOD_US = 50_000;
export const RIGHT_PERIOD_US = 1_000_000;
/** Values are parts of larger blocks, as both buses give them. */
const BLOCK_BYTES = 256 * 1024;
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
/** The right stream measures between two left rows, so that no match is a tie. */
export const RIGHT_SHIFT_US = 20_000;

const LEFT = new Schema(['ax', 'ay', 'az', 'gx', 'gy', 'gz'].map((name) => field(name, 'f32')));
const RIGHT = new Schema([field('oil', 'f64'), field('water', 'f64')]);

/** The streams of each entity, in the order a gateway would have received their records; `totalRows` of imu, about. */
export function planRecords(
  { entities, withTemps }: PlanCase,
  rows: number,
  totalRows: number,
): { records: EncodedRecord[]; rowsEach: number } {
  const recordsEach = Math.max(2, Math.round(totalRows / entities / rows));
  const rightRows = Math.max(1, Math.round((rows * LEFT_PERIOD_US) / RIGHT_PERIOD_US));
  const lastUs = FIRST_US + recordsEach * rows * LEFT_PERIOD_US;
  const records: EncodedRecord[] = [];
  let block = Buffer.alloc(0);
  let used = 0;
  for (let entity = 1; entity <= entities; entity++) {
    const key = `car/${entity}`;
    // As a bus reads them, names that come again are the same string.
    const streams = { imu: `${key}/imu`, temps: `${key}/temps` };
    const add = (name: 'imu' | 'temps', schema: Schema, startUs: number, periodUs: number, count: number) => {
      const timeUs = Float64Array.from({ length: count }, (_, i) => startUs + i * periodUs);
      const columns = schema.fields.map((f, c) => {
        const cells = f.type === 'f32' ? new Float32Array(count) : new Float64Array(count);
        for (let i = 0; i < count; i++) cells[i] = white(entity * 100 + c, (timeUs[i]! / 1000) % 1e9);
        return { values: cells, nulls: null, dictionary: null };
      });
      const stream = streams[name];
      const packed = pack({ stream, schema, rows: count, timeUs, columns });
      const bytes = packedBytesMax(packed);
      if (used + bytes > block.length) {
        block = Buffer.allocUnsafeSlow(Math.max(bytes, BLOCK_BYTES));
        used = 0;
      }
      const end = writePacked(packed, block, used);
      records.push({ key, stream, schema, receivedUs: timeUs[count - 1]!, value: block.subarray(used, end) });
      used = end;
    };
    for (let i = 0; i < recordsEach; i++) add('imu', LEFT, FIRST_US + i * rows * LEFT_PERIOD_US, LEFT_PERIOD_US, rows);
    for (let t = FIRST_US + RIGHT_SHIFT_US; withTemps && t < lastUs; t += rightRows * RIGHT_PERIOD_US) {
      add('temps', RIGHT, t, RIGHT_PERIOD_US, rightRows);
    }
  }
  records.sort((a, b) => a.receivedUs - b.receivedUs);
  return { records, rowsEach: recordsEach * rows };
}
