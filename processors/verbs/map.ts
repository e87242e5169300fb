import { isPerBatch } from '../functions/function-definition.js';
import { moduleName } from '../functions/load-functions.js';
import { mapBatch } from '../functions/map-batch.js';
import { MapRows } from '../functions/map-rows.js';
import { BatchCalls, RowCalls } from '../functions/outside-calls.js';
import type { MapStep } from '../plan.js';
import { stepFailed } from './step-context.js';
import type { Verb } from './verb.js';

/** Gives the rows to a function of a user's module. What columns come out only the function knows. */
export const map: Verb<MapStep> = {
  check(step, _schema, { path, fault }) {
    if (step.module === '') fault(path, 'map names the module of a function');
    return null;
  },

  compile(step, context) {
    const { functions } = context;
    const name = moduleName(step);
    if (!functions) throw stepFailed(context, `map ${name}: its module was not loaded`);
    const of = functions.of(step);
    if (isPerBatch(of)) {
      const calls = of.waits && new BatchCalls(of, of.waits, name, context);
      return { operator: mapBatch(of, name, context, calls), ...(calls && { asks: calls }) };
    }
    const calls = of.waits && new RowCalls(of, of.waits, name, context);
    return { stateful: new MapRows(of, name, context, calls), ...(calls && { asks: calls }) };
  },
};
