import { section } from '../spec/collections.js';
import { choice, duration, integer, path, size } from '../spec/scalars.js';
import { notYet } from '../spec/spec.js';

export const busSection = section(
  {
    log: section(
      {
        dir: { spec: path('folder'), default: './data/bus', doc: 'The folder of the embedded log' },
        retain: {
          spec: duration(1e6, '1s'),
          default: '7d',
          doc: 'How long records are kept once all readers have passed them',
        },
        size: {
          spec: size(16 * 2 ** 20, '16MiB'),
          default: '50GiB',
          doc: 'How large the log may grow; old records go first, never one that a reader has not passed',
        },
        whenFull: {
          spec: choice({ hold: true, 'drop-oldest': true }),
          default: 'hold',
          doc: '`hold` makes the devices wait; `drop-oldest` drops what readers have not passed, and counts it',
        },
        partitions: {
          spec: integer(1, 256),
          default: 4,
          doc: 'Over how many partitions the entities are spread; fixed when the folder is first used',
        },
      },
      'The embedded log',
    ),
    kafka: notYet('A Kafka cluster as the bus'),
  },
  'Where accepted readings are kept until everything has read them',
);
