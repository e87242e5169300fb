import { object, oneOrList } from '../../spec/collections.js';
import { text } from '../../spec/scalars.js';
import type { StepKey } from './step-key.js';

const spec = object({
  by: {
    spec: oneOrList(text('the name of a column')),
    required: true,
    example: '[gear]',
    doc: 'Columns or tags; what follows runs for each combination of their values',
  },
});

export const group: StepKey<{ by: string[] }> = {
  spec,
  doc: 'Brings the rows of equal values together, from all streams and partitions',
  plan: ({ by }) => ({ verb: 'group', by }),
};
