import type { WindowKind } from '../../../../processors/plan.js';
import { exactlyOneOf, object } from '../../spec/collections.js';
import { choice, duration, integer } from '../../spec/scalars.js';
import type { Spec } from '../../spec/spec.js';
import { expression, namedExpressions } from './expression-spec.js';
import type { StepKey } from './step-key.js';

const length = duration(1, '1us');
const keys = object({
  tumbling: { spec: length, example: '1s', doc: 'Windows of this length, one after the other, counted from 1970' },
  hopping: {
    spec: object({
      size: { spec: length, required: true, example: '10s', doc: 'How long each window is' },
      step: { spec: length, required: true, example: '1s', doc: 'How far apart they start; not longer than the size' },
    }),
    example: '{ size: 10s, step: 1s }',
    doc: 'Windows that overlap',
  },
  sliding: { spec: length, example: '10s', doc: 'For each time of a row, the window of this length that ends there' },
  session: { spec: length, example: '30s', doc: 'Rows less than this apart are one window' },
  rows: { spec: integer(1, 1e9), example: '100', doc: 'So many rows are one window, in the order they come' },
  cut: { spec: expression, example: 'lap', doc: 'A new window whenever the value of this expression changes' },
  grace: {
    spec: duration(0, '0s'),
    default: '0s',
    doc: 'How long, in event time, a window of time waits for rows that come out of order',
  },
  idle: {
    spec: length,
    default: '5s',
    doc: 'When the stream stops, how long after its end a window is given as it stands',
  },
  emit: {
    spec: choice({ close: true, update: true }),
    default: 'close',
    doc: 'Whether a window is given when it closes, or with each row that changes it',
  },
  aggregate: {
    spec: namedExpressions('ax_mean', 'mean(ax)'),
    required: true,
    example: '{ n: count(), ax_mean: mean(ax) }',
    doc: 'The columns of the result, each with an expression of aggregates',
  },
});
type Value = typeof keys extends Spec<infer T> ? T : never;

export const window: StepKey<Value> = {
  spec: exactlyOneOf(keys, ['tumbling', 'hopping', 'sliding', 'session', 'rows', 'cut']),
  doc: 'Gives one row for each window of rows, with aggregates',
  plan(value) {
    const { grace, idle, emit, aggregate } = value;
    const kind = kindOf(value);
    return { verb: 'window', kind, graceUs: grace, idleUs: idle, emit, aggregate: Object.fromEntries(aggregate) };
  },
};

function kindOf({ tumbling, hopping, sliding, session, rows, cut }: Value): WindowKind {
  if (tumbling !== undefined) return { tumblingUs: tumbling };
  if (hopping !== undefined) return { hopping: { sizeUs: hopping.size, stepUs: hopping.step } };
  if (sliding !== undefined) return { slidingUs: sliding };
  if (session !== undefined) return { sessionUs: session };
  if (rows !== undefined) return { rows };
  return { cut: cut! };
}
