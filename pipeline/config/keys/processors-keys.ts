import { list, mapOf, object, oneOrList } from '../spec/collections.js';
import { choice, text } from '../spec/scalars.js';
import { notYet } from '../spec/spec.js';
import { nameFault } from './name-fault.js';
import { stepSpec } from './steps/steps.js';

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
    spec: choice({ stop: true, 'dead-letter': true, skip: true }),
    default: 'stop',
    doc: 'What becomes of rows that a step fails for: the partition stops at its checkpoint, they go to the dead letters, or they are left out',
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
