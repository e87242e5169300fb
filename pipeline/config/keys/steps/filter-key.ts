import { expression } from './expression-spec.js';
import type { StepKey } from './step-key.js';

export const filter: StepKey<string> = {
  spec: expression,
  doc: 'Keeps the rows for which the expression is true',
  plan: (where) => ({ verb: 'filter', where }),
};
