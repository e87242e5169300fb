import { type Field, field, Schema } from '../../columnar/schema.js';
import { interpolatedField } from '../interpolated-field.js';
import type { JoinStep } from '../plan.js';
import { wayOf } from './join-options.js';

/** The columns after a join: left ones, right ones, the time of the right row; or a name that would stand there twice. */
export function joinedSchema(step: JoinStep, left: Schema, right: Schema): Schema | { clash: string } {
  const fields = [...left.fields];
  const names = new Set(fields.map((f) => f.name));
  const added = right.fields.map((f) => joinedField(step, f));
  if (step.time !== undefined) added.push(field(step.time, 'i64'));
  for (const f of added) {
    if (names.has(f.name)) return { clash: f.name };
    names.add(f.name);
    fields.push(f);
  }
  return new Schema(fields);
}

function joinedField(step: JoinStep, f: Field): Field {
  const way = wayOf(step, f);
  const to = way === 'linear' || way === 'angle' ? interpolatedField(f) : f;
  return { ...to, name: step.prefix + f.name };
}
