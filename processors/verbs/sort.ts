import { Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import type { SortStep } from '../plan.js';
import { GRACE_US } from '../shaping/grace.js';
import { BACKFILL, HAS_BACKFILL, SortRows } from '../shaping/sort-rows.js';
import type { Verb } from './verb.js';

const EQUAL = ['all', 'last'];

/** Puts rows that came out of order in their place, as long as that is still open. */
export const sort: Verb<SortStep> = {
  check(step, schema, { path, fault }) {
    if (!(step.latenessUs >= 0 && Number.isFinite(step.latenessUs))) {
      fault([...path, 'lateness'], 'a sort needs to know how late a row may come, as in lateness: 2s');
    }
    if (!EQUAL.includes(step.equal)) {
      const meant = suggest(step.equal, EQUAL);
      fault([...path, 'equal'], `${step.equal} is not a way to treat equal stamps; all and last are`, null, meant);
    }
    if (!schema) return null;
    if (schema.indexOf(BACKFILL.name) < 0) return new Schema([...schema.fields, BACKFILL]);
    fault(path, `the rows ${HAS_BACKFILL}`);
    return schema;
  },

  compile(step, context) {
    return { stateful: new SortRows(step, context) };
  },

  waitUs: (step) => step.latenessUs + GRACE_US,
};
