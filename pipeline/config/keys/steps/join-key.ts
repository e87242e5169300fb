import type { JoinStep } from '../../../../processors/plan.js';
import { entriesOf } from '../../config-node.js';
import { mapOf, object } from '../../spec/collections.js';
import { durationRange } from '../../spec/duration-range.js';
import { anyText, choice, duration, text } from '../../spec/scalars.js';
import { below, type Spec, type ValueOf } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const keys = {
  with: {
    spec: text('a stream pattern or a processor'),
    required: true,
    example: 'car/{car}/gps',
    doc: 'The other stream of the same entity',
  },
  how: {
    spec: choice({ backward: true, nearest: true, forward: true, linear: true, step: true, angle: true }),
    defaultText: '`backward`',
    doc: 'One row of the other stream (the last before, the nearest, the first after), or each column between two of them (on a straight line, as it was last, on the shortest arc)',
  },
  channels: {
    spec: mapOf(choice({ linear: true, step: true, angle: true }), 'COLUMN', (name) =>
      name === '' ? 'a column needs a name' : null,
    ),
    example: '{ heading: angle, gear: step }',
    doc: 'Columns of the other stream that are met in another way than `how`; names without the prefix',
  },
  tolerance: {
    spec: duration(0, '0s'),
    example: '2s',
    defaultText: 'any distance',
    doc: 'A row further away in event time is no match',
  },
  maxGap: {
    spec: duration(0, '0s'),
    example: '1s',
    defaultText: 'any gap',
    doc: 'Two rows further apart than this have no line or arc between them',
  },
  between: {
    spec: durationRange(),
    example: '[-2s, 500ms]',
    doc: 'In place of `how`: every row of the other stream in this span around the row, each as a row of its own',
  },
  wait: { spec: duration(0, '0s'), default: '5s', doc: 'How long, in event time, a row waits for the other stream' },
  keep: {
    spec: choice({ inner: true, left: true }),
    default: 'inner',
    doc: 'Whether rows without a match are dropped (`inner`) or kept with nulls (`left`)',
  },
  prefix: { spec: anyText(), default: '', example: 'gps_', doc: 'Put before the names of the joined columns' },
  time: {
    spec: text('the name of a column'),
    example: 'gps_time',
    doc: 'A column for the time of the row that was met, in microseconds',
  },
  late: {
    spec: choice({ count: true, correct: true, stream: true }),
    default: 'count',
    doc: 'What a row of the other stream does that comes after its time: it is only counted, or rows that have left come again with what they should have had, or it goes to the output `PROCESSOR.late`',
  },
} as const;
const options = object(keys);
/** What says nothing beside `between`. */
const NOT_BETWEEN = ['how', 'channels', 'tolerance', 'maxGap'];

const spec: Spec<ValueOf<typeof keys>> = {
  ...options,
  check(node, where, context) {
    const value = options.check(node, where, context);
    const entries = entriesOf(node);
    if (!entries.some(({ key }) => key === 'between')) return value;
    const wrong = entries.filter(({ key }) => NOT_BETWEEN.includes(key));
    for (const { key, keyOffset } of wrong) {
      const why = '"between" says which rows are met; remove one of the two';
      context.problems.error(keyOffset, `${below(where, key)} has no meaning beside "between": ${why}`);
    }
    return wrong.length === 0 ? value : undefined;
  },
  jsonSchema: () => ({
    ...options.jsonSchema(),
    not: { required: ['between'], anyOf: NOT_BETWEEN.map((key) => ({ required: [key] })) },
  }),
};

export const join: StepKey<ValueOf<typeof keys>> = {
  spec,
  doc: 'Adds the columns of another stream of the same entity, matched by event time',
  plan({ with: name, how, channels, tolerance, maxGap, between, wait, keep, prefix, time, late }, references) {
    const other = references.resolve(name);
    if (!other) return null;
    const step: JoinStep = {
      verb: 'join',
      with: other,
      how: between ? 'interval' : (how ?? 'backward'),
      toleranceUs: tolerance ?? null,
      waitUs: wait,
      keep,
      prefix,
    };
    if (channels) step.channels = Object.fromEntries(channels);
    if (maxGap !== undefined) step.maxGapUs = maxGap;
    if (between) step.between = between;
    if (time !== undefined) step.time = time;
    if (late !== 'count') step.late = late;
    return step;
  },
};
