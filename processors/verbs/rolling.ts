import { type Field, Schema } from '../../columnar/schema.js';
import { AggregateSet } from '../aggregates/aggregate-set.js';
import type { RollingStep } from '../plan.js';
import { RollingColumns } from '../windows/rolling-columns.js';
import { RollingRows } from '../windows/rolling-rows.js';
import { checkAggregates } from './check-aggregates.js';
import type { StatefulStep } from './lane-state.js';
import type { StepContext } from './step-context.js';
import type { Verb } from './verb.js';

/** Puts aggregates over the rows of the last so long on each row; rows do not wait. */
export const rolling: Verb<RollingStep> = {
  check(step, schema, { path, fault }) {
    if (!(step.overUs > 0 && Number.isSafeInteger(step.overUs))) {
      fault([...path, 'over'], 'a rolling step needs to know over how long it computes, as in over: 10s');
    }
    const added = checkAggregates(step.columns, [...path, 'columns'], schema, fault);
    if (!schema) return null;
    const fields: Field[] = [...schema.fields];
    for (const f of added) {
      const at = fields.findIndex(({ name }) => name === f.name);
      fields[at < 0 ? fields.length : at] = f;
    }
    return new Schema(fields);
  },

  compile(step, context) {
    return { stateful: rollingStep(step, context) };
  },
};

function rollingStep({ overUs, columns }: RollingStep, context: StepContext): StatefulStep {
  const aggregates = new AggregateSet(columns, 'rolling.columns', context);
  const places = new RollingColumns(Object.keys(columns));
  return {
    context,
    dueOf: () => Infinity,
    create: () => new RollingRows(aggregates, aggregates.rolling(overUs), places, context),
    restore: (saved) => new RollingRows(aggregates, aggregates.restoreRolling(overUs, saved), places, context),
  };
}
