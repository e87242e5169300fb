import type { JoinHow, Step } from '../../processors/plan.js';
import type { PlanCase } from './plan-case.js';
import { LEFT_PERIOD_US, RIGHT_PERIOD_US, RIGHT_SHIFT_US } from './plan-records.js';

const ENTITIES = 50;
const ROWS = [1, 20, 1000];
const GOAL_ROWS = 1e6;
const WINDOW_US = 1e6;
const TUMBLING: Step = {
  verb: 'window',
  kind: { tumblingUs: WINDOW_US },
  graceUs: 0,
  idleUs: 5e6,
  emit: 'close',
  aggregate: { ax_mean: 'mean(ax)' },
};
const ROLLING: Step = { verb: 'rolling', overUs: 10e6, columns: { ax_mean: 'mean(ax)' } };

export const JOINS: readonly PlanCase[] = [
  joined('join as-of', 'backward'),
  joined('join linear', 'linear'),
  joined('join forward', 'forward', [20]),
  joined('join step', 'step', [20]),
  joined('join angle', 'angle', [20]),
];

export const EXPRESSIONS: readonly PlanCase[] = [
  {
    name: 'columns and filter',
    steps: [
      { verb: 'columns', columns: { g: 'sqrt(ax^2 + ay^2) / 9.80665' } },
      // Every other row, so that one too many shows as well as one too few.
      { verb: 'filter', where: 'timeUs % 100000 < 1 and g >= 0' },
    ],
    rows: ROWS,
    entities: ENTITIES,
    withTemps: false,
    expected: (rows) => Math.ceil(rows / 2),
    goalRows: null,
  },
];

export const WINDOWS: readonly PlanCase[] = [50, 10_000, 100_000].flatMap((entities) => [
  aggregated(`window, tumbling mean of 1 s, ${entities} entities`, entities, TUMBLING, closedWindows, 4e6),
  aggregated(`window, rolling mean of 10 s, ${entities} entities`, entities, ROLLING, (rows) => rows, null),
]);

export const GROUPS: readonly PlanCase[] = [
  {
    name: 'group by a value and the car, and a sum of each row',
    steps: [
      { verb: 'columns', columns: { key: 'floor(timeUs / 50000) % 8' } },
      { verb: 'group', by: ['key', 'car'] },
      { verb: 'columns', columns: { sum: 'ax + ay' } },
    ],
    rows: ROWS,
    entities: ENTITIES,
    withTemps: false,
    expected: (rows) => rows,
    goalRows: null,
  },
];

const ALL: readonly PlanCase[] = [...JOINS, ...EXPRESSIONS, ...WINDOWS, ...GROUPS];

export function planCase(name: string): PlanCase {
  const found = ALL.find((one) => one.name === name);
  if (!found) throw new Error(`there is no case of processors "${name}"`);
  return found;
}

function joined(name: string, how: JoinHow, rows: readonly number[] = ROWS): PlanCase {
  return {
    name,
    steps: [
      {
        verb: 'join',
        with: { pattern: 'car/{car}/temps' },
        how,
        toleranceUs: 2e6,
        waitUs: 5e6,
        keep: 'inner',
        prefix: '',
      },
    ],
    rows,
    entities: ENTITIES,
    withTemps: true,
    expected: (rows) => betweenRightRows(rows, how === 'forward'),
    goalRows: GOAL_ROWS,
  };
}

/** Rows before the first right row have no match but forward, and those after the last still wait for it. */
function betweenRightRows(leftRows: number, forward: boolean): number {
  const rightRows = Math.ceil((leftRows * LEFT_PERIOD_US - RIGHT_SHIFT_US) / RIGHT_PERIOD_US);
  let count = 0;
  for (let i = 0; i < leftRows; i++) {
    const before = Math.floor((i * LEFT_PERIOD_US - RIGHT_SHIFT_US) / RIGHT_PERIOD_US);
    if ((before >= 0 || forward) && before + 1 < rightRows) count++;
  }
  return count;
}

function aggregated(
  name: string,
  entities: number,
  step: Step,
  expected: PlanCase['expected'],
  goalRows: number | null,
): PlanCase {
  const rows = entities > ENTITIES ? [20] : ROWS;
  return { name, steps: [step], rows, entities, withTemps: false, expected, goalRows };
}

/** Windows that a later row has closed; they start where the rows do. */
function closedWindows(rows: number): number {
  return Math.floor(((rows - 1) * LEFT_PERIOD_US) / WINDOW_US);
}
