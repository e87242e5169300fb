import { Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import { Join, joinedField } from '../joining/join.js';
import type { JoinStep } from '../plan.js';
import type { Verb } from './verb.js';

/** Puts the row of another stream of the same entity beside each row. */
export const join: Verb<JoinStep> = {
  check(step, left, { path, schemaOf, fault }) {
    const right = schemaOf(step.with);
    if (!['backward', 'nearest', 'linear'].includes(step.how)) {
      const meant = suggest(step.how, ['backward', 'nearest', 'linear']);
      fault([...path, 'how'], `${step.how} is not a way to join; backward, nearest and linear are`, null, meant);
    }
    if (!(step.waitUs >= 0 && Number.isFinite(step.waitUs))) {
      fault([...path, 'wait'], 'a join needs to know how long a row may wait for the right side, as in wait: 5s');
    }
    if (step.toleranceUs !== null && !(step.toleranceUs >= 0))
      fault([...path, 'tolerance'], 'the tolerance is negative');
    if (!left || !right) return null;
    const fields = [...left.fields];
    for (const f of right.fields) {
      const name = step.prefix + f.name;
      if (left.indexOf(name) >= 0) {
        const instead = step.prefix === '' ? 'a prefix' : 'another prefix';
        fault([...path, 'prefix'], `column ${name} exists on both sides of the join; give the join ${instead}`);
        return null;
      }
      fields.push(joinedField(f, name, step.how));
    }
    return new Schema(fields);
  },

  compile(step, context) {
    return { join: new Join(step, context), right: step.with };
  },

  inputs: (step) => [{ input: step.with, path: ['with'] }],

  waitUs: (step) => step.waitUs,
};
