import type { BenchCase } from '../bench-case.js';
import { diskBytesPerSecond } from '../disk-ceiling.js';
import { steadyLoad } from './steady-load.js';

const CLIENTS = 4;
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
const SHAPES = [
  { rows: 1000, columns: 50, goal: 40e6 },
  { rows: 20, columns: 6, goal: undefined },
];

/** Packed float32 batches over `/ingest`: large ones for the bytes, small ones for the cost of a message. */
export const websocketPacked: BenchCase = {
  name: 'websocket-packed',
  summary: `packed float32 batches over /ingest from ${CLIENTS} clients: 1,000 rows of 50 columns, and 20 rows of 6`,
  async run(context) {
    const ceiling = diskBytesPerSecond(context.dir, context.quick ? 0.3 : 2);
    const runs = [];
    for (const { rows, columns, goal } of SHAPES) {
      const values = rows * columns;
      const measures = await steadyLoad(context, {
        rowsPerMessage: rows,
        plan: ({ http }) => ({
          kind: 'ingest',
          port: http,
          connections: Array.from({ length: CLIENTS }, (_, i) => ({
            client: `bench-${i + 1}`,
            stream: `car/${i + 1}/imu`,
            firstUs: FIRST_US,
          })),
          rows,
          columns,
          stepUs: 100,
          frames: null,
          framesPerSecond: null,
        }),
        measures: ({ acknowledged, bytes, seconds }) => [
          {
            metric: 'durable values',
            value: (acknowledged * values) / seconds,
            unit: 'values/s',
            limits: { diskCeiling: ceiling / 4, ...(goal && { goal }) },
          },
          { metric: 'durable messages', value: acknowledged / seconds, unit: 'messages/s' },
          { metric: 'bytes', value: bytes / seconds / 1e6, unit: 'MB/s', limits: { diskCeiling: ceiling / 1e6 } },
        ],
      });
      runs.push({ name: `websocket-packed, ${rows} rows of ${columns}`, measures });
    }
    return runs;
  },
};
