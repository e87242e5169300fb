import type { BenchCase } from '../bench-case.js';
import { diskBytesPerSecond } from '../disk-ceiling.js';
import { steadyLoad } from './steady-load.js';

const CLIENTS = 10;
const PAYLOAD_BYTES = 100;
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
const GOALS: Record<number, number> = { 100: 120_000 };

/** 100-byte JSON rows at QoS 1, each acknowledged when it is durable. */
export const mqttQos1: BenchCase = {
  name: 'mqtt-qos1',
  summary: `${PAYLOAD_BYTES}-byte JSON messages at QoS 1 from ${CLIENTS} clients, 100 and 1,000 in flight each`,
  async run(context) {
    const ceiling = diskBytesPerSecond(context.dir, context.quick ? 0.3 : 2) / PAYLOAD_BYTES;
    const runs = [];
    for (const inFlight of [100, 1000]) {
      const goal = GOALS[inFlight];
      const measures = await steadyLoad(context, {
        rowsPerMessage: 1,
        plan: ({ mqtt }) => ({
          kind: 'mqtt',
          port: mqtt,
          connections: Array.from({ length: CLIENTS }, (_, i) => ({
            client: `bench-${i + 1}`,
            stream: `car/${i + 1}/imu`,
            firstUs: FIRST_US,
          })),
          stepUs: 100,
          payloadBytes: PAYLOAD_BYTES,
          inFlight,
        }),
        measures: ({ acknowledged, seconds }) => [
          {
            metric: 'durable messages',
            value: acknowledged / seconds,
            unit: 'messages/s',
            limits: { diskCeiling: ceiling, ...(goal && { goal }) },
          },
        ],
      });
      runs.push({ name: `mqtt-qos1, ${inFlight} in flight`, measures });
    }
    return runs;
  },
};
