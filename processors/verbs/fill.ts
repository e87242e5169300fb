import { type Field, Schema } from '../../columnar/schema.js';
import type { FillStep } from '../plan.js';
import { constantCell, constantField, doesNotFit } from '../shaping/fill-constant.js';
import { FillRows, isNumber, linearField, noLine } from '../shaping/fill-rows.js';
import { GRACE_US } from '../shaping/grace.js';
import { checkColumnName, requireColumn } from './check-expression.js';
import type { Verb } from './verb.js';

/** Puts values in the place of nulls. */
export const fill: Verb<FillStep> = {
  check(step, schema, { path, fault }) {
    if (Object.keys(step.columns).length === 0) fault(path, 'the step names no column');
    const fields: Field[] = [...(schema?.fields ?? [])];
    for (const [name, how] of Object.entries(step.columns)) {
      const where = [...path, name];
      checkColumnName(name, where, fault);
      if ('value' in how && typeof how.value === 'number' && !Number.isFinite(how.value)) {
        fault(where, `${how.value} is no number to fill with`);
      }
      if (!schema) continue;
      const at = schema.indexOf(name);
      const f = schema.fields[at];
      if ('value' in how) {
        if (!f) fields.push(constantField(name, how.value));
        else if (constantCell(how.value, f) === null) fault(where, doesNotFit(how.value, f));
      } else if (!f) requireColumn(schema, name, where, fault);
      else if (how.method === 'linear' && !isNumber(f)) fault(where, noLine(f));
      else if (how.method === 'linear') fields[at] = linearField(f);
    }
    return schema && new Schema(fields);
  },

  compile(step, context) {
    const rows = new FillRows(step, context);
    return rows.filled.length > 0 ? { stateful: rows } : { operator: rows };
  },

  waitUs: (step) =>
    Object.values(step.columns).some((how) => 'method' in how && how.method === 'linear') ? GRACE_US : 0,
};
