import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPlans } from '../../processors/check-plan.js';
import type { JoinStep, ProcessorPlan, Step } from '../../processors/plan.js';
import type { PlanFault } from '../../processors/plan-fault.js';
import { connectedComponents } from '../../processors/topology.js';
import { schemaOf } from './telemetry.js';

const SCHEMAS: Record<string, ReturnType<typeof schemaOf>> = {
  'car/{car}/imu': schemaOf(['ax', 'f64'], ['ay', 'f64'], ['note', 'utf8']),
  'car/{car}/gps': schemaOf(['speed', 'f64'], ['note', 'utf8']),
};
const known = (pattern: string) => SCHEMAS[pattern] ?? null;

const join: JoinStep = {
  verb: 'join',
  with: { pattern: 'car/{car}/gps' },
  how: 'linear',
  toleranceUs: null,
  waitUs: 5,
  keep: 'inner',
  prefix: 'gps_',
};

function plan(steps: Step[], name = 'p', from: ProcessorPlan['from'] = [{ pattern: 'car/{car}/imu' }]): ProcessorPlan {
  return { name, from, steps };
}

function faults(...plans: ProcessorPlan[]): Omit<PlanFault, 'message'>[] {
  return checkPlans(plans, known).map(({ message: _, ...rest }) => rest);
}

test('a plan without faults gives none, through steps, joins and other processors', () => {
  const steps: Step[] = [
    join,
    { verb: 'columns', columns: { kmh: 'gps_speed * 3.6', g: 'sqrt(ax^2 + ay^2) / 9.80665' } },
    { verb: 'filter', where: 'kmh > 5' },
    { verb: 'select', keep: ['kmh', 'g', 'gps_note'] },
  ];
  const second = plan([{ verb: 'filter', where: "g > 1 and gps_note != ''" }], 'q', [{ processor: 'p' }]);
  assert.deepEqual(faults(plan(steps), second), []);
});

test('faults are found where they stand, with what was meant', () => {
  const steps: Step[] = [
    { verb: 'columns', columns: { kmh: 'sped * 3.6', sum: 'ax + az' } },
    { verb: 'filter', where: 'ax' },
    { verb: 'filter', where: 'note > 5 and ax > 1' },
    { verb: 'select', keep: ['ax', 'note', 'aay'] },
  ];
  const base = { processor: 'p', at: null, length: 0, suggestion: null };
  assert.deepEqual(faults(plan(steps)), [
    { ...base, path: 'steps[0].columns.kmh', at: 0, length: 4 },
    { ...base, path: 'steps[0].columns.sum', at: 5, length: 2, suggestion: 'ax' },
    { ...base, path: 'steps[1].filter' },
    { ...base, path: 'steps[2].filter', at: 7, length: 1 },
    { ...base, path: 'steps[3].select[2]', suggestion: 'ay' },
  ]);
});

test('what a step adds is known to the next, and to processors behind; what it drops is not', () => {
  const first = plan([
    { verb: 'columns', columns: { g: 'ax / 9.81' } },
    { verb: 'select', drop: ['ax'] },
  ]);
  const second = plan([{ verb: 'filter', where: 'ax > g' }], 'q', [{ processor: 'p' }]);
  const [fault] = checkPlans([second, first], known);
  assert.equal(fault!.processor, 'q');
  assert.equal(fault!.message, 'unknown column ax; did you mean ay?');
});

test('a join that would put two columns of one name beside one another needs a prefix', () => {
  assert.deepEqual(
    faults(plan([{ ...join, prefix: '' }])).map(({ path }) => path),
    ['steps[0].join.prefix'],
  );
});

test('options of a join are checked against its way and the right columns, and its columns are known behind it', () => {
  const of = (step: Partial<JoinStep>, ...more: Step[]) =>
    checkPlans([plan([{ ...join, ...step }, ...more])], known).map(({ path, message }) => `${path}: ${message}`);
  const at = 'steps[0].join';
  assert.deepEqual(of({ channels: { sped: 'angle' } }), [
    `${at}.channels.sped: unknown column sped; did you mean speed?`,
  ]);
  assert.deepEqual(of({ channels: { speed: 'nearest' as 'angle' } }), [
    `${at}.channels.speed: nearest is not a way to meet a channel; linear, step and angle are`,
  ]);
  assert.deepEqual(of({ how: 'backward', between: { fromUs: 0, toUs: 1 } }), [
    `${at}.between: between says which right rows are met in a join by interval, and in no other`,
  ]);
  const between = { fromUs: 0, toUs: 1 };
  assert.deepEqual(of({ how: 'interval', between, toleranceUs: 5 }), [
    `${at}.tolerance: a tolerance says nothing beside between`,
  ]);
  assert.deepEqual(of({ how: 'interval', between: { fromUs: 2, toUs: 1 } }), [
    `${at}.between: between needs two durations, the earlier one first, as in between: [-2s, 500ms]`,
  ]);
  assert.deepEqual(of({ how: 'forward', time: 'ax' }), [
    `${at}.time: column ax exists beside the time of the right row`,
  ]);
  assert.deepEqual(of({ how: 'step', maxGapUs: 1 }), [
    `${at}.maxGap: a gap says nothing where no column is joined linear or angle`,
  ]);
  assert.deepEqual(of({ how: 'step', channels: { speed: 'angle' }, maxGapUs: 1 }), []);
  assert.deepEqual(of({ how: 'forward', time: 'seen' }, { verb: 'filter', where: 'timeUs - seen > gps_speed' }), []);
});

test('streams whose columns are not known are learned: only what is wrong in itself is a fault', () => {
  const from = [{ pattern: 'boat/{boat}/imu' }];
  const steps: Step[] = [
    { ...join, prefix: '' },
    { verb: 'filter', where: 'whatever > 5' },
    { verb: 'filter', where: '1 + 1' },
  ];
  assert.deepEqual(
    faults(plan(steps, 'p', from)).map(({ path }) => path),
    ['steps[2].filter'],
  );
  assert.deepEqual(
    faults(plan([{ verb: 'filter', where: 'whatever >' }], 'p', from)).map(({ at }) => at),
    [10],
  );
});

test('inputs that do not exist, patterns that are none, circles and missing waits are faults', () => {
  const paths = (...plans: ProcessorPlan[]) => faults(...plans).map(({ path, suggestion }) => [path, suggestion]);
  assert.deepEqual(paths(plan([], 'laps'), plan([], 'q', [{ processor: 'lap' }])), [['from[0]', 'laps']]);
  assert.deepEqual(paths(plan([], 'p', [{ pattern: 'car//imu' }])), [['from[0]', null]]);
  assert.deepEqual(paths(plan([], 'p', [])), [['from', null]]);
  assert.deepEqual(paths(plan([], 'p', [{ processor: 'p' }])), [['from', null]]);
  assert.deepEqual(paths(plan([{ ...join, waitUs: Number.NaN, how: 'lineal' as 'linear' }])), [
    ['steps[0].join.how', 'linear'],
    ['steps[0].join.wait', null],
  ]);
  assert.deepEqual(paths(plan([], 'p'), plan([], 'p'))[0], ['', null]);
});

test('processors that share nothing form components of their own', () => {
  const plans = [
    plan([], 'a'),
    plan([], 'b', [{ processor: 'a' }]),
    plan([], 'c'),
    plan([{ ...join, with: { processor: 'b' } }], 'd'),
  ];
  assert.deepEqual(
    connectedComponents(plans).map((group) => group.map(({ name }) => name)),
    [['c'], ['a', 'b', 'd']],
  );
});
