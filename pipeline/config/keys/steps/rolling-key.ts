import { object } from '../../spec/collections.js';
import { duration } from '../../spec/scalars.js';
import type { Spec } from '../../spec/spec.js';
import { namedExpressions } from './expression-spec.js';
import type { StepKey } from './step-key.js';

const spec = object({
  over: {
    spec: duration(1, '1us'),
    required: true,
    example: '10s',
    doc: 'How far back the rows go that each row sees, by event time, itself included',
  },
  columns: {
    spec: namedExpressions('speed_10s', 'mean(speed)'),
    required: true,
    example: '{ speed_10s: mean(speed) }',
    doc: 'The columns to add or replace, each with an expression of aggregates',
  },
});

export const rolling: StepKey<typeof spec extends Spec<infer T> ? T : never> = {
  spec,
  doc: 'Puts aggregates over the last rows on each row',
  plan: ({ over, columns }) => ({ verb: 'rolling', overUs: over, columns: Object.fromEntries(columns) }),
};
