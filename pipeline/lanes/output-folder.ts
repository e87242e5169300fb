import { join } from 'node:path';
import type { BusFolders } from './lane.js';

/**
 * Where the processors of a partition write on the embedded bus. Behind a group step it is a log of its own: one that is
 * full of what it waits for could not go on.
 */
export function outputFolder({ processors }: BusFolders, partition: number, level: number): string {
  return join(processors, level === 0 ? `partition-${partition}` : `partition-${partition}-group-${level}`);
}

/** The topic in the log of partition `from` with what a group step sends from there. */
export function sourceTopic(groupTopic: string, from: number): string {
  return `${groupTopic}@${from}`;
}
