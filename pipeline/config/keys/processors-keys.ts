import { type ConfigNode, child, itemsOf } from '../config-node.js';
import { list, mapOf, object, oneOrList } from '../spec/collections.js';
import { anyText, choice, duration, text } from '../spec/scalars.js';
import { type CheckContext, emptyMessage, notYet, type Spec, shownValue } from '../spec/spec.js';
import { verbs } from '../spec/variants.js';
import { nameFault } from './name-fault.js';

/** An expression stays text here; numbers and truth values are expressions too. */
const expression: Spec<string> = {
  typeText: 'expression',
  check(node, where, context) {
    if (node.kind === 'scalar' && node.value !== null && node.value !== '') {
      return typeof node.value === 'string' ? node.value : node.shown;
    }
    const isEmpty = node.kind === 'scalar';
    const message = isEmpty
      ? emptyMessage(where, node, 'an expression such as speed * 3.6')
      : `${where} must be an expression such as speed * 3.6, not ${shownValue(node)}`;
    context.problems.error(node.offset, message);
    return undefined;
  },
  jsonSchema: () => ({ type: ['string', 'number', 'boolean'] }),
};

const named = mapOf(expression, 'NAME', (name) => (name === '' ? 'a column needs a name' : null));
/** In `{ a: max(b, c) }` YAML ends the value at the comma and takes `c)` for a key; say so instead of two riddles. */
const columns: Spec<Map<string, string>> = {
  ...named,
  check(node, where, context) {
    const entries = node.kind === 'map' ? node.entries : [];
    const cut = entries.find(({ value }, i) => isCut(value) && entries[i + 1]?.key.includes(')'));
    if (!cut && entries.length > 0) return named.check(node, where, context);
    const message = cut
      ? `${where}.${cut.key}: a comma inside { } ends the expression ${shownValue(cut.value)}; quote the whole expression`
      : `${where} must name columns, for example { kmh: speed * 3.6 }, not ${shownValue(node)}`;
    context.problems.error(cut ? cut.value.offset : node.offset, message);
    return undefined;
  },
};

function isCut(value: ConfigNode): boolean {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return false;
  const text = value.value.replaceAll(/"[^"]*"|'[^']*'/g, '');
  return text.split('(').length > text.split(')').length;
}

const names = list(text('the name of a column'));
const drop = object({ drop: { spec: names, required: true, example: '[az]', doc: 'The columns to leave out' } });
const select: Spec<{ keep?: string[]; drop?: string[] }> = {
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

const join = object({
  with: {
    spec: text('a stream pattern or a processor'),
    required: true,
    example: 'car/{car}/gps',
    doc: 'The other stream of the same entity',
  },
  how: {
    spec: choice({ backward: true, nearest: true, linear: true, forward: false, step: false, angle: false }),
    default: 'backward',
    doc: 'The last row before, the nearest row, or a straight line between the two neighbours',
  },
  tolerance: {
    spec: duration(0, '0s'),
    example: '2s',
    defaultText: 'any distance',
    doc: 'A row further away in event time is no match',
  },
  wait: { spec: duration(0, '0s'), default: '5s', doc: 'How long, in event time, a row waits for the other stream' },
  keep: {
    spec: choice({ inner: true, left: true }),
    default: 'inner',
    doc: 'Whether rows without a match are dropped (`inner`) or kept with nulls (`left`)',
  },
  prefix: { spec: anyText(), default: '', example: 'gps_', doc: 'Put before the names of the joined columns' },
  late: notYet('What happens to rows that come after the wait'),
});

export const stepSpec = verbs(
  { select, columns, filter: expression, join },
  {
    select: 'Keeps the named columns in this order, or drops some',
    columns: 'Adds or replaces columns; all expressions see the row as it was before the step',
    filter: 'Keeps the rows for which the expression is true',
    join: 'Adds the columns of another stream of the same entity, matched by event time',
  },
  ['resample', 'window', 'rolling', 'group', 'fill', 'map'],
);

const from = text('a stream pattern or a processor');
const common = {
  from: {
    spec: oneOrList(from),
    required: true,
    example: 'car/{car}/imu',
    doc: 'Stream patterns and names of processors',
  },
  use: notYet('A module that builds the processor'),
  onError: {
    spec: choice({ stop: true, 'dead-letter': false, skip: false }),
    default: 'stop',
    doc: 'What happens when a step fails: the partition stops at its checkpoint, and says so',
  },
} as const;
const withSteps = object({
  ...common,
  steps: {
    spec: list(stepSpec),
    required: true,
    example: '[{ filter: speed > 5 }]',
    doc: 'What is done to each row, in order',
  },
});
const withModule = object(common);

/** `use` stands in place of `steps`: where it is given, nothing says that they are missing. */
const processorSpec: typeof withSteps = {
  ...withSteps,
  check(node, where, context) {
    const { entries } = node.kind === 'map' ? node : { entries: [] };
    const isModule = entries.some(({ key }) => key === 'use') && !entries.some(({ key }) => key === 'steps');
    if (!isModule) return withSteps.check(node, where, context);
    withModule.check(node, where, context);
    return undefined;
  },
};

export const processorsKey = {
  spec: mapOf(processorSpec, 'NAME', (name) => nameFault('processor', name)),
  doc: 'What is computed while the readings pass; the output of a processor is a stream `NAME/ENTITY`',
  example: 'fast: { from: car/{car}/gps, steps: [{ filter: speed > 5 }] }',
};
