import { isGroupTopic } from '../../../processors/grouping/split-groups.js';
import { isLateOutput } from '../../../processors/joining/late-output.js';

/** Topics of the bus that are not outputs of processors. */
const RESERVED = ['telemetry', 'dead-letters', 'schemas', 'changelog'];

/** Why a processor or sink may not have this name, or null. Names become levels of streams, topics and folders. */
export function nameFault(kind: 'processor' | 'sink', name: string): string | null {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/.test(name)) {
    return `the name "${name}" of a ${kind} must be at most 100 letters, digits, _ - and dots, and not start with a dot`;
  }
  const isTaken = RESERVED.includes(name) || isGroupTopic(name) || isLateOutput(name);
  return kind === 'processor' && isTaken ? `the name "${name}" is taken by a topic of the bus` : null;
}
