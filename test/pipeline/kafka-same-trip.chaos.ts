import { test } from 'node:test';
import { needsSharedKafka } from '../servers/kafka-server.js';
import { needs } from '../support/recordings.js';
import { replayed } from './replayed-input.js';
import { assertSameThroughKafka, rowsOf, WAIT } from './same-rows.js';

const VEHSENSE = 'data/vehsense-trip-a';
const VEHSENSE_PROCESSORS = `
processors:
  gravity_turned:
    from: car/{car}/raw_grav
    steps:
      - join: { with: "car/{car}/raw_gyro", how: linear, tolerance: 1s, wait: ${WAIT}, keep: left, prefix: gyro_ }
      - filter: raw_z_grav > 5
  engine_at:
    from: car/{car}/raw_obd
    steps:
      - join: { with: "car/{car}/gps", how: nearest, tolerance: 5s, wait: ${WAIT}, keep: left, prefix: gps_ }
      - select: [RPM, Speed, gps_speed]
`;

test(
  'the recording vehsense-trip-a gives the same rows through Kafka, in one process and in two, as through the log',
  {
    skip: needs(VEHSENSE).skip || needsSharedKafka().skip,
  },
  (t) =>
    assertSameThroughKafka(
      t,
      replayed({
        folder: VEHSENSE,
        ending: '.txt.gz',
        processors: VEHSENSE_PROCESSORS,
        sinks: '  out: { type: file, from: [gravity_turned, engine_at], path: ./out/by, format: jsonl }',
        time: ['--time', 'sys_time,system_time,timestamp', '--unit', 'ms'],
        ends: ['raw_gyro', 'gps'],
        // The one line that is cut off.
        rejected: 1,
        isWhole: (rows) => {
          const sent = rowsOf(rows, /^raw\/.*raw_obd$/);
          return sent > 0 && rowsOf(rows, /^by\/engine_at/) === sent;
        },
      }),
    ),
);
