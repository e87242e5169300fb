import { child, itemsOf } from '../../config-node.js';
import { list, object } from '../../spec/collections.js';
import { text } from '../../spec/scalars.js';
import { type CheckContext, type Spec, shownValue } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const names = list(text('the name of a column'));
const drop = object({ drop: { spec: names, required: true, example: '[az]', doc: 'The columns to leave out' } });
const spec: Spec<{ keep?: string[]; drop?: string[] }> = {
  typeText: 'list of columns, or `{ drop: [...] }`',
  check(node, where, context: CheckContext) {
    const read = node.kind === 'map' ? drop.check(node, where, context) : asKeep(names.check(node, where, context));
    const items = itemsOf(child(node, 'drop') ?? node).filter((item) => item.kind === 'scalar');
    const twice = items.find((item, i) => items.findIndex((other) => other.value === item.value) < i);
    if (!read || !twice) return read;
    context.problems.error(twice.offset, `${where} names the column ${shownValue(twice)} twice`);
    return undefined;
  },
  jsonSchema: () => ({ anyOf: [names.jsonSchema(), drop.jsonSchema()] }),
};

function asKeep(keep: string[] | undefined): { keep: string[] } | undefined {
  return keep && { keep };
}

export const select: StepKey<{ keep?: string[]; drop?: string[] }> = {
  spec,
  doc: 'Keeps the named columns in this order, or drops some',
  plan: (value) => ({ verb: 'select', ...value }),
};
