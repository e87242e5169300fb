import type { Step } from '../../processors/plan.js';
import type { StepsPlan } from './steps-plan.js';
import { LEFT_PERIOD_US, RIGHT_PERIOD_US, RIGHT_SHIFT_US } from './steps-records.js';

const WINDOW_US = 1e6;
const ROLLING_US = 10e6;

export function isJoin({ step }: StepsPlan): boolean {
  return step === 'backward' || step === 'linear';
}

/** The step that a plan measures. */
export function benchStep(plan: StepsPlan): Step {
  switch (plan.step) {
    case 'tumbling':
      return {
        verb: 'window',
        kind: { tumblingUs: plan.windowUs ?? WINDOW_US },
        graceUs: 0,
        idleUs: 5e6,
        emit: 'close',
        aggregate: { ax_mean: 'mean(ax)' },
      };
    case 'rolling':
      return { verb: 'rolling', overUs: plan.windowUs ?? ROLLING_US, columns: { ax_mean: 'mean(ax)' } };
    default:
      return {
        verb: 'join',
        with: { pattern: 'car/{car}/temps' },
        how: plan.step,
        toleranceUs: 2e6,
        waitUs: 5e6,
        keep: 'inner',
        prefix: '',
      };
  }
}

/** Rows that the step has given of one entity when its records end. */
export function expectedRows(plan: StepsPlan, rows: number): number {
  if (plan.step === 'rolling') return rows;
  // Windows that a later row has closed; they start where the rows do.
  if (plan.step === 'tumbling') return Math.floor(((rows - 1) * LEFT_PERIOD_US) / (plan.windowUs ?? WINDOW_US));
  // Rows between two right rows: those before the first have no match, those after the last still wait for it.
  const rightRows = Math.ceil((rows * LEFT_PERIOD_US - RIGHT_SHIFT_US) / RIGHT_PERIOD_US);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const before = Math.floor((i * LEFT_PERIOD_US - RIGHT_SHIFT_US) / RIGHT_PERIOD_US);
    if (before >= 0 && before + 1 < rightRows) count++;
  }
  return count;
}
