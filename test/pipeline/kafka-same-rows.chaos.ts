import { test } from 'node:test';
import { needsSharedKafka } from '../servers/kafka-server.js';
import { needs } from '../support/recordings.js';
import { replayed } from './replayed-input.js';
import { assertSameThroughKafka, rowsOf, WAIT } from './same-rows.js';

const COMMA = 'data/comma2k19-segment';
const COMMA_PROCESSORS = `
processors:
  at_linear:
    from: car/{car}/imu_accelerometer
    steps:
      - select: [ax, ay]
      - join: { with: "car/{car}/gnss_live_gnss_ublox", how: linear, tolerance: 150ms, wait: ${WAIT}, keep: left }
      - columns: { kmh: speed * 3.6, force: sqrt(ax^2 + ay^2) / 9.80665 }
      - select: [force, kmh, bearing]
  at_nearest:
    from: car/{car}/imu_gyro
    steps:
      - select: [gz]
      - join: { with: "car/{car}/can_speed", how: nearest, tolerance: 50ms, wait: ${WAIT}, keep: inner }
  at_wheels:
    from: at_linear
    steps:
      - join: { with: "car/{car}/can_wheel_speed", how: backward, tolerance: 100ms, wait: ${WAIT}, keep: left }
  turning:
    from: at_nearest
    steps: [ { filter: abs(gz) > 0.02 } ]
`;
test(
  'the recording comma2k19-segment gives the same rows through Kafka, in one process and in two, as through the log',
  {
    skip: needs(COMMA).skip || needsSharedKafka().skip,
  },
  (t) =>
    assertSameThroughKafka(
      t,
      replayed({
        folder: COMMA,
        ending: '.csv.gz',
        processors: COMMA_PROCESSORS,
        sinks:
          '  out: { type: file, from: [at_linear, at_nearest, at_wheels, turning], path: ./out/by, format: jsonl }',
        time: ['--unit', 's', '--start', '2018-08-02T16:14:48Z'],
        ends: ['gnss_live_gnss_ublox', 'can_speed', 'can_wheel_speed'],
        rejected: 0,
        isWhole: (rows) => {
          const sent = rowsOf(rows, /^raw\/.*imu_accelerometer$/);
          return sent > 0 && rowsOf(rows, /^by\/at_linear/) === sent && rowsOf(rows, /^by\/at_wheels/) === sent;
        },
      }),
    ),
);

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
