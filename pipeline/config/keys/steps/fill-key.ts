import type { FillValue } from '../../../../processors/plan.js';
import { mapOf } from '../../spec/collections.js';
import { emptyMessage, type Spec, shownValue } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const EXPECTED = 'last, linear, a number, a text, true or false';

/** A text in single quotes of its own is the text between them, so that the words can be constants too. */
const fillValue: Spec<FillValue> = {
  typeText: '`last`, `linear`, number, text, `true`, `false`',
  check(node, where, context) {
    if (node.kind !== 'scalar' || node.value === null) {
      const isEmpty = node.kind === 'scalar';
      const message = isEmpty
        ? emptyMessage(where, node, EXPECTED)
        : `${where} must be ${EXPECTED}, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    }
    const { value } = node;
    if (typeof value !== 'string') return { value };
    if (value === 'last' || value === 'linear') return { method: value };
    return { value: /^'.*'$/s.test(value) ? value.slice(1, -1) : value };
  },
  jsonSchema: () => ({ type: ['string', 'number', 'boolean'] }),
};

const columns = mapOf(fillValue, 'NAME', (name) => (name === '' ? 'a column needs a name' : null));

const spec: Spec<Map<string, FillValue>> = {
  ...columns,
  check(node, where, context) {
    if (node.kind === 'map' && node.entries.length > 0) return columns.check(node, where, context);
    context.problems.error(
      node.offset,
      `${where} must name columns, for example { ax: last, note: "" }, not ${shownValue(node)}`,
    );
    return undefined;
  },
  reference: (where) => [
    {
      where: `${where}.NAME`,
      typeText: fillValue.typeText,
      defaultText: '',
      doc: 'What stands for a null of the column; the text last is written "\'last\'"',
      example: 'last',
    },
  ],
};

export const fill: StepKey<Map<string, FillValue>> = {
  spec,
  doc: 'Puts the last value, a point on the line between the neighbours, or a constant in the place of nulls',
  plan: (value) => ({ verb: 'fill', columns: Object.fromEntries(value) }),
};
