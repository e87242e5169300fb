import { flushedBranch, flushedKeys } from './common-keys.js';

export const keys = flushedKeys;

export const branch = flushedBranch;

export function options(): Record<never, never> {
  return {};
}

/** It has none. */
export const placeKey = '';
