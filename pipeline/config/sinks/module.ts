import { type FreeValue, freeMap } from '../spec/free-map.js';
import { path } from '../spec/scalars.js';
import type { ValueOf } from '../spec/spec.js';
import { deliveredBranch, deliveryKeys } from './common-keys.js';

export interface ModuleSinkOptions {
  /** Absolute. */
  module: string;
  /** As the file has them, with variables replaced. */
  options: Record<string, FreeValue>;
}

export const keys = {
  ...deliveryKeys,
  module: {
    spec: path('file'),
    required: true,
    example: './my-sink.js',
    doc: 'A JavaScript or TypeScript module whose default export makes the sink; it stands in the place of `type`',
  },
  options: { spec: freeMap(), doc: 'What the module is given as it is' },
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = deliveredBranch;

export function options({ module, options }: Checked): ModuleSinkOptions {
  return { module, options: options ?? {} };
}

export const placeKey = 'module';
