import { epochUs, isoUs } from '../../core/event-time.js';
import { parseDurationUs } from '../../core/units.js';
import type { ConfigNode } from '../config/config-node.js';
import { checkText } from '../config/spec/scalars.js';
import { type CheckContext, emptyMessage, type Spec, shownValue } from '../config/spec/spec.js';

/** The start of every case: midnight, so that windows of any usual length begin with it. */
export const CASE_EPOCH_US = Date.UTC(2024, 0, 1) * 1000;

const AT_PATTERN = '^\\s*-?\\d+(\\.\\d+)?\\s*(us|ms|s|m|h|d)\\s*$';
const UNITS: readonly [name: string, us: number][] = [
  ['h', 3600e6],
  ['m', 60e6],
  ['s', 1e6],
  ['ms', 1e3],
  ['us', 1],
];

/** A duration that may be negative, whole microseconds; NaN when the text is none. */
export function signedDurationUs(text: string): number {
  const digits = /^\s*-/.test(text) ? text.replace('-', '') : text;
  try {
    return (digits === text ? 1 : -1) * parseDurationUs(digits);
  } catch {
    return Number.NaN;
  }
}

/** A span in the largest unit in which it has at most three decimals: `1.5s`, `-20ms`. */
export function formatSpan(us: number): string {
  if (us === 0) return '0s';
  const [name, unit] = UNITS.find(([, unit]) => Math.abs(us) >= unit && Number.isInteger((us / unit) * 1000)) ?? [
    'us',
    1,
  ];
  return `${us / unit}${name}`;
}

/** `at: 250ms`: event time from the start of the case, in microseconds since 1970. */
export const atSpec: Spec<number> = {
  typeText: 'duration',
  check(node, where, context) {
    const expected = 'a time from the start of the case such as 0s, 250ms, 1.5s';
    if (node.kind === 'scalar' && typeof node.value === 'number') {
      context.problems.error(node.offset, `${where} must be ${expected}; ${node.shown} has no unit`);
      return undefined;
    }
    const text = checkText(node, where, expected, context);
    if (text === undefined) return undefined;
    const us = signedDurationUs(text);
    if (!Number.isNaN(us)) return CASE_EPOCH_US + us;
    context.problems.error(node.offset, `${where} must be ${expected}, not ${shownValue(node)}`);
    return undefined;
  },
  jsonSchema: () => ({ type: 'string', pattern: AT_PATTERN, description: 'Event time from the start of the case.' }),
};

/** `t: 2024-05-01T12:00:00Z`, or a number since 1970 whose size tells its unit, as devices send it. */
export const absoluteSpec: Spec<number> = {
  typeText: 'time',
  check(node: ConfigNode, where: string, context: CheckContext) {
    const expected = 'an ISO 8601 time or a number since 1970';
    const value = node.kind === 'scalar' ? node.value : undefined;
    const us = typeof value === 'number' ? epochUs(value, null) : typeof value === 'string' ? isoUs(value) : Number.NaN;
    if (!Number.isNaN(us)) return us;
    const message =
      value === null ? emptyMessage(where, node, expected) : `${where} must be ${expected}, not ${shownValue(node)}`;
    context.problems.error(node.offset, message);
    return undefined;
  },
  jsonSchema: () => ({ type: ['string', 'number'], description: 'Event time: ISO 8601, or a number since 1970.' }),
};
