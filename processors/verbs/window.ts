import { field, Schema } from '../../columnar/schema.js';
import type { WindowStep } from '../plan.js';
import { WindowLanes, waitAfterUs } from '../windows/window-lanes.js';
import { WINDOW_END } from '../windows/window-rows.js';
import { checkAggregates } from './check-aggregates.js';
import { checkText } from './check-expression.js';
import type { StepCheck, Verb } from './verb.js';

/** Windows of one lane that a row may be in, and that its grace may keep open: each has its values in memory. */
const OPEN_WINDOWS_MAX = 10_000;

/** One row for each window: its start as time, its end, and the aggregates of its rows. */
export const window: Verb<WindowStep> = {
  check(step, schema, at) {
    const { path, fault } = at;
    checkKind(step, at);
    const { kind, graceUs, idleUs } = step;
    if (!isDuration(graceUs, 0)) fault([...path, 'grace'], 'the grace is negative, or no whole microseconds');
    if (!isDuration(idleUs, 1)) fault([...path, 'idle'], 'idle must be longer than nothing, as in idle: 5s');
    if ('cut' in kind) checkText(kind.cut, [...path, 'cut'], schema, fault);
    if (step.emit !== 'close' && step.emit !== 'update') {
      fault([...path, 'emit'], `${step.emit} is not a way to emit; close and update are`);
    }
    const fields = checkAggregates(step.aggregate, [...path, 'aggregate'], schema, fault);
    const isEnd = Object.hasOwn(step.aggregate, WINDOW_END);
    if (isEnd)
      fault([...path, 'aggregate', WINDOW_END], `${WINDOW_END} is the end of the window and cannot be replaced`);
    return schema && !isEnd ? new Schema([field(WINDOW_END, 'i64'), ...fields]) : null;
  },

  compile(step, context) {
    return { stateful: new WindowLanes(step, context) };
  },

  waitUs: waitAfterUs,
};

function checkKind({ kind, graceUs, emit }: WindowStep, { path, fault }: StepCheck): void {
  const needs = (key: string, value: number, what: string) => {
    if (!isDuration(value, 1)) fault([...path, key], `${what}, and at least one microsecond`);
  };
  if ('tumblingUs' in kind) {
    needs('tumbling', kind.tumblingUs, 'a tumbling window needs its length, as in tumbling: 1s');
    checkGrace(kind.tumblingUs);
  } else if ('hopping' in kind) {
    const { sizeUs, stepUs } = kind.hopping;
    const at = [...path, 'hopping'];
    if (!isDuration(sizeUs, 1)) fault([...at, 'size'], 'a hopping window needs a size above zero, as in size: 10s');
    if (!isDuration(stepUs, 1)) fault([...at, 'step'], 'a hopping window needs a step above zero, as in step: 1s');
    else if (stepUs > sizeUs) {
      fault([...at, 'step'], 'the step is longer than the window, so rows between two windows would be in none');
    } else if (sizeUs > stepUs * OPEN_WINDOWS_MAX) {
      fault([...at, 'step'], `each row would be in more than ${OPEN_WINDOWS_MAX} windows; make the step longer`);
    }
    checkGrace(stepUs);
  } else if ('slidingUs' in kind) {
    needs('sliding', kind.slidingUs, 'a sliding window needs its length, as in sliding: 10s');
    if (graceUs > 0 && emit === 'update') {
      fault([...path, 'grace'], 'a sliding window that emits with each row waits for none; leave the grace out');
    }
  } else if ('sessionUs' in kind) {
    needs('session', kind.sessionUs, 'a session needs the gap that ends it, as in session: 30s');
    checkGrace(kind.sessionUs);
  } else {
    if ('rows' in kind && !isDuration(kind.rows, 1)) fault([...path, 'rows'], 'a window needs at least one row');
    if (graceUs > 0) {
      fault([...path, 'grace'], 'windows by rows or by cut take rows as they come; grace is for windows of time');
    }
  }

  function checkGrace(stepUs: number): void {
    if (stepUs > 0 && graceUs > stepUs * OPEN_WINDOWS_MAX) {
      fault(
        [...path, 'grace'],
        `more than ${OPEN_WINDOWS_MAX} windows would be open at a time; make the grace shorter`,
      );
    }
  }
}

function isDuration(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
