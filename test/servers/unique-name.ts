import { randomBytes } from 'node:crypto';

/** For what tests make on a server that others use too: topics, groups, buckets, databases. */
export function uniqueName(name: string): string {
  return `${name}-${randomBytes(5).toString('hex')}`;
}
