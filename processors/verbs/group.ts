import type { GroupStep } from '../plan.js';
import { requireColumn } from './check-expression.js';
import { stepFailed } from './step-context.js';
import type { Verb } from './verb.js';

/** Re-keys the rows. It is no step of a graph: `splitGroups` makes two parts of a processor at it. */
export const group: Verb<GroupStep> = {
  check(step, schema, { path, tags, fault }) {
    if (step.by.length === 0) fault([...path, 'by'], 'the step names no column to group by');
    step.by.forEach((name, i) => {
      const where = [...path, 'by', i];
      if (name === 'timeUs') fault(where, 'every row has another time; cut time into windows instead');
      if (step.by.indexOf(name) !== i) fault(where, `column ${name} stands twice`);
      else if (schema && tags && !tags.has(name)) requireColumn(schema, name, where, fault);
    });
    return schema;
  },

  compile(_step, context) {
    throw stepFailed(context, 'a group step cannot run within a graph; split the plan at it');
  },
};
