import { PitwallError } from '../../core/errors.js';
import { FUNCTIONS } from '../expressions/functions.js';
import { noteStepFunction } from '../expressions/step-functions.js';
import { WORDS } from '../expressions/tokenizer.js';
import type { Aggregate, Form, Parameter } from './aggregate.js';
import { entryOf, type OwnAggregate } from './own-aggregate.js';
import { COUNT } from './states/count.js';
import { DISTANCE } from './states/distance.js';
import { DISTINCT } from './states/distinct.js';
import { FIRST, LAST } from './states/edges.js';
import { MAX, MIN } from './states/extremes.js';
import { INCREASE } from './states/increase.js';
import { STD, VAR } from './states/moments.js';
import { MEDIAN, QUANTILE } from './states/quantile.js';
import { MEAN, SUM } from './states/sum.js';
import { FIRST_TEXT, LAST_TEXT, MAX_TEXT, MIN_TEXT } from './states/texts.js';
import { INTEGRAL, RATE, TIME_WEIGHTED_MEAN } from './states/trapezoids.js';

const HOME = 'a window or rolling step';

const number = (name: string): Parameter => ({ name, takes: 'number' });
const anything: Parameter = { name: 'x', takes: 'any' };
const of = (numbers: Form, ordered = false): Aggregate => ({
  parameters: [number('x')],
  gives: 'number',
  ordered,
  numbers,
  texts: null,
});
const same = (numbers: Form, texts: Form): Aggregate => ({
  parameters: [anything],
  gives: 'same',
  ordered: false,
  numbers,
  texts,
});

const table = new Map<string, Aggregate>(
  Object.entries({
    count: { ...of(COUNT), parameters: [{ ...anything, optional: true }], gives: 'count' },
    sum: of(SUM),
    mean: of(MEAN),
    min: same(MIN, MIN_TEXT),
    max: same(MAX, MAX_TEXT),
    first: same(FIRST, FIRST_TEXT),
    last: same(LAST, LAST_TEXT),
    std: of(STD),
    var: of(VAR),
    median: of(MEDIAN),
    quantile: { ...of(QUANTILE), parameters: [number('x'), { name: 'q', takes: 'constant' }] },
    distinct: { ...same(DISTINCT, DISTINCT), gives: 'count' },
    rate: of(RATE, true),
    increase: of(INCREASE, true),
    integral: of(INTEGRAL, true),
    time_weighted_mean: of(TIME_WEIGHTED_MEAN, true),
    distance: { ...of(DISTANCE, true), parameters: [number('lat'), number('lon')] },
  } satisfies Record<string, Aggregate>),
);
for (const name of table.keys()) noteStepFunction(name, HOME);

/** All aggregates by name, the users' own among them. */
export const AGGREGATES: ReadonlyMap<string, Aggregate> = table;

/** Adds an aggregate of the user's own, before any plan is checked. Throws `bad-configuration` for a name it cannot have. */
export function registerAggregate<S>(name: string, aggregate: OwnAggregate<S>): void {
  const wrong = nameFault(name) ?? (aggregate.parameters.length === 0 ? 'it needs at least one parameter' : null);
  if (wrong !== null) {
    throw new PitwallError('bad-configuration', `the aggregate ${JSON.stringify(name)} cannot be added: ${wrong}`, {
      stage: 'configuration',
    });
  }
  table.set(name, entryOf(aggregate));
  noteStepFunction(name, HOME);
}

function nameFault(name: string): string | null {
  if (table.has(name)) return 'there is an aggregate of that name';
  if (Object.hasOwn(FUNCTIONS, name)) return 'there is a function of that name';
  if ([...WORDS, 'timeUs', 'pi'].includes(name)) return 'the name has a meaning of its own in expressions';
  if (!/^[a-z][a-z0-9_]*$/.test(name)) return 'a name is small letters, digits and _, and begins with a letter';
  return null;
}

/** `quantile(x, q)`: how a call is written, for messages. */
export function aggregateSignature(name: string): string {
  const { parameters } = AGGREGATES.get(name)!;
  return `${name}(${parameters.map((parameter) => parameter.name).join(', ')})`;
}
