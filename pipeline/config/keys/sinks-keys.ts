import { sinkSpec } from '../sinks/sink-types.js';
import { mapOf } from '../spec/collections.js';
import { nameFault } from './name-fault.js';

export const sinksKey = {
  spec: mapOf(sinkSpec, 'NAME', (name) => nameFault('sink', name)),
  doc: 'Where rows are written; each sink has its own position and is not held up by the others',
  example: 'local: { type: file, from: "#", path: ./data/out }',
};
