import type { ResampleHow } from '../../../../processors/plan.js';
import { mapOf, object } from '../../spec/collections.js';
import { choice, duration } from '../../spec/scalars.js';
import type { Spec } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const how: Spec<ResampleHow> = choice({ linear: true, step: true, angle: true, nearest: true });

const spec = object({
  every: {
    spec: duration(1, '1us'),
    required: true,
    example: '50ms',
    doc: 'Rows stand at multiples of it since 1970',
  },
  how: {
    spec: how,
    default: 'linear',
    doc: 'A straight line between the two neighbours, the row before, degrees by the shortest way round, or the closer row',
  },
  maxGap: {
    spec: duration(1, '1us'),
    example: '1s',
    defaultText: 'any distance',
    doc: 'Between two rows further apart no row is made',
  },
  channels: {
    spec: mapOf(how, 'NAME', (name) => (name === '' ? 'a column needs a name' : null)),
    example: '{ heading: angle, gear: step }',
    doc: 'Columns whose values are found in another way',
  },
});

export const resample: StepKey<typeof spec extends Spec<infer T> ? T : never> = {
  spec,
  doc: 'Brings each stream to a common rate',
  plan: ({ every, how, maxGap, channels }) => ({
    verb: 'resample',
    everyUs: every,
    how,
    maxGapUs: maxGap ?? null,
    channels: Object.fromEntries(channels ?? []),
  }),
};
