import { list, mapOf, object, oneOrList, referenceRows } from '../spec/collections.js';
import { choice, path, text } from '../spec/scalars.js';
import type { Spec, ValueOf } from '../spec/spec.js';
import { nameFault } from './name-fault.js';
import { stepSpec } from './steps/steps.js';

const from = {
  spec: oneOrList(text('a stream pattern or a processor')),
  required: true,
  example: 'car/{car}/imu',
  doc: 'Stream patterns and names of processors',
} as const;
const steps = {
  spec: list(stepSpec),
  required: true,
  example: '[{ filter: speed > 5 }]',
  doc: 'What is done to each row, in order',
} as const;
const use = {
  spec: path('file'),
  required: true,
  example: './laps.ts',
  doc: 'A TypeScript or JavaScript module that builds the processor, in place of `steps`; it may name its streams itself',
} as const;
const onError = {
  spec: choice({ stop: true, 'dead-letter': true, skip: true }),
  default: 'stop',
  doc: 'What becomes of rows that a step fails for: the partition stops at its checkpoint, they go to the dead letters, or they are left out',
} as const;

const ofSteps = { from, steps, onError };
const ofModule = { from: { ...from, required: undefined }, use, onError };
const withSteps = object(ofSteps);
const withModule = object(ofModule);

const processorSpec: Spec<ValueOf<typeof ofSteps> | ValueOf<typeof ofModule>> = {
  typeText: 'map',
  check(node, where, context) {
    const { entries } = node.kind === 'map' ? node : { entries: [] };
    const module = entries.find(({ key }) => key === 'use');
    if (!module) return withSteps.check(node, where, context);
    if (!entries.some(({ key }) => key === 'steps')) return withModule.check(node, where, context);
    context.problems.error(module.keyOffset, `${where} has "use" and "steps"; the module stands in place of the steps`);
    return undefined;
  },
  jsonSchema: () => ({ anyOf: [withSteps.jsonSchema(), withModule.jsonSchema()] }),
  reference: (where) =>
    referenceRows(
      {
        from: { ...from, defaultText: 'required without `use`' },
        steps: { ...steps, defaultText: 'required without `use`' },
        use: { ...use, defaultText: '' },
        onError,
      },
      where,
    ),
};

export const processorsKey = {
  spec: mapOf(processorSpec, 'NAME', (name) => nameFault('processor', name)),
  doc: 'What is computed while the readings pass; the output of a processor is a stream `NAME/ENTITY`',
  example: 'fast: { from: car/{car}/gps, steps: [{ filter: speed > 5 }] }',
};
