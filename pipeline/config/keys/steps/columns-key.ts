import { namedExpressions } from './expression-spec.js';
import type { StepKey } from './step-key.js';

export const columns: StepKey<Map<string, string>> = {
  spec: namedExpressions('kmh', 'speed * 3.6'),
  doc: 'Adds or replaces columns; all expressions see the row as it was before the step',
  plan: (value) => ({ verb: 'columns', columns: Object.fromEntries(value) }),
};
