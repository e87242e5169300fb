import { object } from '../../spec/collections.js';
import { choice, duration } from '../../spec/scalars.js';
import type { Spec } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const spec = object({
  lateness: {
    spec: duration(0, '0s'),
    required: true,
    example: '2s',
    doc: 'How far, in event time, a row may come behind a later one and still be put in its place',
  },
  equal: {
    spec: choice({ all: true, last: true }),
    default: 'all',
    doc: 'Whether all rows of one stamp stay, or only the one that came last',
  },
});

export const sort: StepKey<typeof spec extends Spec<infer T> ? T : never> = {
  spec,
  doc: 'Puts rows in time order that came late; adds the column `backfill`',
  plan: ({ lateness, equal }) => ({ verb: 'sort', latenessUs: lateness, equal }),
};
