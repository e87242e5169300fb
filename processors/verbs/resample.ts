import { Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import type { ResampleHow, ResampleStep } from '../plan.js';
import { GRID_FIELDS, gridColumn, hasOwn, isWord, ResampleRows } from '../shaping/resample-rows.js';
import { requireColumn } from './check-expression.js';
import type { Verb } from './verb.js';

const WAYS: readonly ResampleHow[] = ['linear', 'step', 'angle', 'nearest'];

/** Brings rows to common times. */
export const resample: Verb<ResampleStep> = {
  check(step, schema, { path, fault }) {
    if (!(step.everyUs >= 1 && Number.isSafeInteger(step.everyUs))) {
      fault([...path, 'every'], 'a resample needs to know the step of its times, as in every: 50ms');
    }
    if (step.maxGapUs !== null && !(step.maxGapUs > 0)) {
      fault([...path, 'maxGap'], 'no two rows are closer than that; leave maxGap out, or make it longer than a step');
    }
    const checkWay = (how: string, ...at: string[]) => {
      if (WAYS.includes(how as ResampleHow)) return;
      const all = `${WAYS.slice(0, -1).join(', ')} and ${WAYS.at(-1)}`;
      fault([...path, ...at], `${how} is not a way to resample; ${all} are`, null, suggest(how, [...WAYS]));
    };
    checkWay(step.how, 'how');
    for (const [name, how] of Object.entries(step.channels)) checkWay(how, 'channels', name);
    if (!schema) return null;
    for (const [name, how] of Object.entries(step.channels)) {
      const where = [...path, 'channels', name];
      const f = schema.fields[schema.indexOf(name)];
      if (!f) requireColumn(schema, name, where, fault);
      else if (how === 'angle' && isWord(f)) fault(where, `column ${name} is ${f.type}, which is no angle`);
    }
    const taken = GRID_FIELDS.filter(({ name }) => schema.indexOf(name) >= 0);
    for (const { name } of taken) fault(path, `the rows ${hasOwn(name)}`);
    if (taken.length > 0) return null;
    return new Schema([...schema.fields.map((f) => gridColumn(f, step).out), ...GRID_FIELDS]);
  },

  compile(step, context) {
    return { stateful: new ResampleRows(step, context) };
  },
};
