import { statSync } from 'node:fs';
import { extname } from 'node:path';
import type { ScalarNode } from '../../config-node.js';
import { path } from '../../spec/scalars.js';
import { type Spec, shownValue } from '../../spec/spec.js';
import type { StepKey } from './step-key.js';

const ENDINGS = ['.js', '.mjs', '.ts', '.mts'];

const file = path('file');
const spec: Spec<string> = {
  ...file,
  typeText: 'file of a module',
  check(node, where, context) {
    const module = file.check(node, where, context);
    if (module === undefined) return undefined;
    const why = ENDINGS.includes(extname(module))
      ? isFile(module)
        ? null
        : 'is no file; the path is relative to this file'
      : `is no module; its name ends in ${ENDINGS.join(', ')}`;
    if (why === null) return module;
    context.problems.error(node.offset, `${where}: ${shownValue(node as ScalarNode)} ${why}`);
    return undefined;
  },
};

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

export const map: StepKey<string> = {
  spec,
  doc: 'Gives the rows to the function that a JavaScript or TypeScript module exports',
  plan: (module) => ({ verb: 'map', module, index: null }),
};
