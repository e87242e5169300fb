import type { Field } from '../../columnar/schema.js';
import type { ChannelHow, JoinStep } from '../plan.js';

/**
 * How the cells of a right column are found: from the one right row (`row`), from the last row before in which it is not
 * null (`step`), or between two rows (`linear`, `angle`), of which bools and texts take the one before (`before`).
 */
export type ColumnWay = 'row' | 'step' | 'linear' | 'angle' | 'before';

export function isChannelHow(how: string): how is ChannelHow {
  return how === 'linear' || how === 'step' || how === 'angle';
}

/** How a right column is met; `name` is without the prefix. */
export function channelHow(step: JoinStep, name: string): ChannelHow | null {
  if (!isChannelHow(step.how)) return null;
  return step.channels && Object.hasOwn(step.channels, name) ? step.channels[name]! : step.how;
}

export function wayOf(step: JoinStep, f: Field): ColumnWay {
  const how = channelHow(step, f.name);
  if (how === null) return 'row';
  if (how === 'step') return 'step';
  return f.type === 'bool' || f.type === 'utf8' ? 'before' : how;
}

/** Whether some column may need the neighbours of a left row, and whether some column holds its last cell. */
export function waysOf(step: JoinStep): { blends: boolean; steps: boolean } {
  if (!isChannelHow(step.how)) return { blends: false, steps: false };
  const hows = [step.how, ...Object.values(step.channels ?? {})];
  return { blends: hows.some((how) => how !== 'step'), steps: hows.includes('step') };
}

/**
 * A left row is settled once a right row more than this after it has come: none that comes in order after that one can be
 * among its matches. Times are whole microseconds, so that -1 means: at its very time, or later.
 */
export function settleAfterUs({ how, between }: JoinStep): number {
  if (how === 'forward') return -1;
  return how === 'interval' ? between!.toUs : 0;
}

/** How far before a left row the right rows it may meet lie, at the most; 0 where only the last one counts. */
export function lookBackUs({ how, toleranceUs, between }: JoinStep): number {
  return how === 'interval' ? -between!.fromUs : (toleranceUs ?? 0);
}

/**
 * How far behind a left row a right row may be one of those it waits for, at the most; -Infinity where only those before
 * it count, or a span of time.
 */
export function lookAheadUs(step: JoinStep): number {
  const { how, toleranceUs, waitUs } = step;
  const looks = how === 'forward' || how === 'nearest' || waysOf(step).blends;
  return looks ? Math.min(waitUs, toleranceUs ?? Infinity) : -Infinity;
}

/** How long a left row counts after the time it would have been released at the latest: twice as long for corrections. */
export function keptUs({ waitUs, late }: JoinStep): number {
  return late === 'correct' ? 2 * waitUs : waitUs;
}
