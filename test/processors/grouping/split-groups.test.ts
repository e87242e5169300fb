import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPlans } from '../../../processors/check-plan.js';
import { splitGroups } from '../../../processors/grouping/split-groups.js';
import { PartitionGraph } from '../../../processors/partition-graph.js';
import type { ProcessorPlan, Step } from '../../../processors/plan.js';
import { dataRecord, schemaOf } from '../telemetry.js';

const filter: Step = { verb: 'filter', where: 'x > 1' };
const byGear: Step = { verb: 'group', by: ['gear'] };
const byTyre: Step = { verb: 'group', by: ['tyre', 'car'] };
const joinGps: Step = {
  verb: 'join',
  with: { pattern: 'car/{car}/gps' },
  how: 'backward',
  toleranceUs: null,
  waitUs: 0,
  keep: 'inner',
  prefix: '',
};

function plan(
  name: string,
  steps: Step[],
  from: ProcessorPlan['from'] = [{ pattern: 'car/{car}/imu' }],
): ProcessorPlan {
  return { name, from, steps };
}

test('each group step ends a part, which sends by key what the next part reads', () => {
  const parts = splitGroups(plan('p', [filter, byGear, filter, filter, byTyre]));
  assert.deepEqual(parts, [
    { ...plan('p.group', [filter]), groupBy: ['gear'] },
    {
      ...plan('p.group-2', [filter, filter], [{ pattern: 'p.group/#' }]),
      groupBy: ['tyre', 'car'],
      grouped: { topic: 'p.group', by: ['gear'] },
      firstStep: 2,
    },
    {
      ...plan('p', [], [{ pattern: 'p.group-2/#' }]),
      grouped: { topic: 'p.group-2', by: ['tyre', 'car'] },
      firstStep: 5,
    },
  ]);
  assert.deepEqual(splitGroups(plan('q', [filter])), [plan('q', [filter])]);
});

test('a step behind a group names its processor and its place there', () => {
  const [, behind] = splitGroups(plan('p', [filter, byGear, filter]));
  const graph = new PartitionGraph([behind!]);
  graph.run([dataRecord('p.group/3', schemaOf(['y', 'f64']), [{ timeUs: 1, y: 1 }], 1)]);
  assert.match(graph.warnings.join('\n'), /^processor p, steps\[2\], filter: "x > 1" reads column x/);
});

test('what does not lie in one partition behind a group step is refused', () => {
  const messages = (...plans: ProcessorPlan[]) =>
    checkPlans(plans, () => null).map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(messages(plan('p', [joinGps, byGear, filter]), plan('q', [filter], [{ processor: 'p' }])), []);
  assert.deepEqual(messages(plan('p', [byGear, joinGps])), [
    'steps[1].join.with: the rows here are by gear, those of car/{car}/gps by entity, and so not in one partition; join before the group step',
  ]);
  assert.deepEqual(
    messages(plan('p', [byGear]), plan('q', [filter], [{ processor: 'p' }, { pattern: 'car/{car}/imu' }])),
    [
      'from[1]: car/{car}/imu has its rows by entity, p by gear; rows that lie in different partitions cannot be read together',
    ],
  );
  assert.deepEqual(
    messages(
      plan('p', [byGear]),
      plan('o', [byGear]),
      plan('q', [{ ...joinGps, with: { processor: 'o' } }], [{ processor: 'p' }]),
    ),
    [
      'steps[0].join.with: the rows here are by gear, those of o by gear, and so not in one partition; join before the group step',
    ],
  );
  assert.deepEqual(messages(plan('p', [{ verb: 'group', by: [] }])), [
    'steps[0].group.by: the step names no column to group by',
  ]);
  assert.deepEqual(messages(plan('p', [{ verb: 'group', by: ['a', 'timeUs', 'a'] }])), [
    'steps[0].group.by[1]: every row has another time; cut time into windows instead',
    'steps[0].group.by[2]: column a stands twice',
  ]);
});
