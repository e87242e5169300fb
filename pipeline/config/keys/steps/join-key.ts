import { object } from '../../spec/collections.js';
import { anyText, choice, duration, text } from '../../spec/scalars.js';
import { notYet, type Spec } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const spec = object({
  with: {
    spec: text('a stream pattern or a processor'),
    required: true,
    example: 'car/{car}/gps',
    doc: 'The other stream of the same entity',
  },
  how: {
    spec: choice({ backward: true, nearest: true, linear: true, forward: false, step: false, angle: false }),
    default: 'backward',
    doc: 'The last row before, the nearest row, or a straight line between the two neighbours',
  },
  tolerance: {
    spec: duration(0, '0s'),
    example: '2s',
    defaultText: 'any distance',
    doc: 'A row further away in event time is no match',
  },
  wait: { spec: duration(0, '0s'), default: '5s', doc: 'How long, in event time, a row waits for the other stream' },
  keep: {
    spec: choice({ inner: true, left: true }),
    default: 'inner',
    doc: 'Whether rows without a match are dropped (`inner`) or kept with nulls (`left`)',
  },
  prefix: { spec: anyText(), default: '', example: 'gps_', doc: 'Put before the names of the joined columns' },
  late: notYet('What happens to rows that come after the wait'),
});

export const join: StepKey<typeof spec extends Spec<infer T> ? T : never> = {
  spec,
  doc: 'Adds the columns of another stream of the same entity, matched by event time',
  plan({ with: name, how, keep, prefix, tolerance, wait }, references) {
    const other = references.resolve(name);
    return other && { verb: 'join', with: other, how, toleranceUs: tolerance ?? null, waitUs: wait, keep, prefix };
  },
};
