import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { drawMermaid, drawText } from '../../../pipeline/config/draw-graph.js';
import { flowGraph } from '../../../pipeline/config/flow-graph.js';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfig } from '../../../pipeline/config/read-config.js';
import { levelsOf } from '../../../pipeline/output-levels.js';
import { folderWith } from '../../support/folder-with.js';

async function load(yaml: string, modules: Record<string, string> = {}) {
  const folder = folderWith({ 'pitwall.yaml': yaml, ...modules });
  const loaded = await loadModules(readConfig(join(folder, 'pitwall.yaml'), {}));
  return { ...loaded, problems: loaded.problems.map((problem) => formatProblem('y', problem).slice(2)) };
}

const LATE = `processors:
  g:
    from: car/{car}/imu
    steps: [ { join: { with: car/{car}/gps, late: stream } }, { group: { by: [gear] } }, { filter: ax > 1 } ]
  slow: { from: g.late, steps: [ { filter: speed > 5 } ] }
sinks:
  out: { type: file, from: [g, g.late], path: ./out }
`;

test('The late rows of a processor are an output that others read, drawn beside it, on the level of its joins.', async () => {
  const { config, root, problems } = await load(LATE);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    config!.processors.map(({ plan }) => plan.name),
    ['g', 'g.late', 'slow'],
  );
  assert.deepEqual(levelsOf(config!), { 'g.group': 0, 'g.late': 0, slow: 0, g: 1 });
  const graph = flowGraph(config!, root!);
  assert.equal(
    drawText(graph),
    `stream    car/{car}/imu
stream    car/{car}/gps
processor g <- car/{car}/imu, join backward car/{car}/gps  (join, group, filter)
processor g.late <- late rows g
processor slow <- g.late  (filter)
sink      out <- g, g.late  (file jsonl ./out)
`,
  );
  assert.match(drawMermaid(graph), /processor1 -\. "late rows" \.-> processor2\n/);
});

test('A module gives late rows, and takes those of another processor.', async () => {
  const own = (text: string) => `import { processor, stream } from 'pitwall';\nexport default ${text};\n`;
  const { config, problems } = await load(
    `processors:
  a: { use: ./a.ts }
  b: { use: ./b.ts }
sinks: { out: { type: file, from: a.late, path: ./out } }
`,
    {
      'a.ts': own("stream('car/{car}/imu').joinAsOf(stream('car/{car}/gps'), { late: 'stream' })"),
      'b.ts': own("processor('a.late').filter('speed > 1')"),
    },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    config!.processors.map(({ plan }) => plan.name),
    ['a', 'a.late', 'b'],
  );
});

test('Late rows that no join gives are named where something reads them.', async () => {
  const { problems } = await load(
    `processors:
  a: { from: x/{x}/l, steps: [ { join: { with: x/{x}/r } } ] }
  b: { from: a.late, steps: [ { join: { with: c.late, late: stream } } ] }
  d: { from: b.lat, steps: [ { filter: x > 1 } ] }
  e.late: { from: a, steps: [ { filter: x > 1 } ] }
sinks: { out: { type: file, from: [b.late, a.late], path: ./out } }
`,
  );
  const give = 'no join of a gives its late rows; write late: stream there';
  assert.deepEqual(problems, [
    `3:14: processors.b.from: "a.late" has no rows: ${give}`,
    '3:47: processors.b.steps[0].join.with: "c.late" is neither a processor nor a declared stream; did you mean "e.late"?',
    '4:14: processors.d.from: "b.lat" is neither a processor nor a declared stream; did you mean "b.late"?',
    '5:3: the name "e.late" is taken by a topic of the bus',
    `6:44: sinks.out.from[1]: "a.late" has no rows: ${give}`,
  ]);
});

test('Late rows that no join of a module gives are named once the module is loaded.', async () => {
  const { problems } = await load(
    `processors:
  a: { from: x/y, use: ./a.ts }
  b: { from: a.late, steps: [ { filter: x > 1 } ] }
sinks: { out: { type: file, from: [a, a.late], path: ./out } }
`,
    { 'a.ts': "export default (input) => input.filter('x > 1');\n" },
  );
  const give = 'no join of a gives its late rows; write late: stream there';
  assert.deepEqual(problems, [
    `3:14: processors.b.from: ${give}`,
    `4:39: sinks.out.from: "a.late" has no rows: ${give}`,
  ]);
});

test('A processor does not read its own late rows.', async () => {
  const { problems } = await load(
    `processors:
  a: { from: x/{x}/l, steps: [ { join: { with: a.late, late: stream } } ] }
`,
  );
  assert.deepEqual(problems, ['2:48: processors.a.steps[0].join.with: processors may not feed themselves: a -> a']);
});

test('A module does not read its own late rows, whoever else reads them first.', async () => {
  const { problems } = await load(
    `processors:
  first: { from: a.late, steps: [ { filter: x > 1 } ] }
  a: { use: ./a.ts }
`,
    {
      'a.ts': `import { processor, stream } from 'pitwall';
export default stream('x/{x}/l').joinAsOf(processor('a.late'), { late: 'stream' });
`,
    },
  );
  assert.deepEqual(problems, [
    '3:13: processors.a.use: from: the processors a.late -> a -> a.late read one another in a circle',
  ]);
});

test('The topics of late rows count for the names that Kafka takes for the same.', async () => {
  const { problems } = await load(
    `bus: { kafka: { brokers: [127.0.0.1:9092] } }
processors:
  g: { from: x/{x}/l, steps: [ { join: { with: x/{x}/r, late: stream } } ] }
  g_late: { from: x/{x}/l, steps: [ { filter: x > 1 } ] }
`,
  );
  assert.deepEqual(problems, [
    '4:3: Kafka takes . and _ in topics for the same, so "g.late" and "g_late" cannot both have one; rename one of them',
  ]);
});
