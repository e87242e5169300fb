import { object, oneOrList } from '../spec/collections.js';
import { integer, path } from '../spec/scalars.js';
import { busSection } from './bus-keys.js';
import { gatewaySection } from './gateway-keys.js';
import { processorsKey } from './processors-keys.js';
import { sinksKey } from './sinks-keys.js';
import { streamsKey } from './streams-keys.js';

/** All keys of `pitwall.yaml`: the one list behind the check, the JSON Schema and the reference. */
export const topKeys = {
  gateway: gatewaySection,
  streams: streamsKey,
  bus: busSection,
  processors: processorsKey,
  sinks: sinksKey,
  modules: {
    spec: oneOrList(path('file')),
    example: '[./aggregates.ts]',
    doc: 'Modules that are loaded before anything else, in each thread: they add aggregates of your own',
  },
  workers: {
    spec: integer(0, 256),
    example: '2',
    defaultText: 'processor cores - 1, at least 1',
    doc: 'Threads that run processors; 0 runs them in the main thread, for debuggers',
  },
} as const;

export const topSpec = object(topKeys);
