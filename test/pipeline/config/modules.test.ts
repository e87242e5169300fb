import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawText } from '../../../pipeline/config/draw-graph.js';
import { flowGraph } from '../../../pipeline/config/flow-graph.js';
import { load } from './load.js';

const FAST = "export default (input) => input.filter('speed > 5');\n";

test('The plan of a module stands among those of the file, in the order of the file.', async () => {
  const { config, problems } = await load(
    `processors:
  a: { from: fast, steps: [{ drop: [az] }] }
  fast: { from: car/{car}/imu, use: ./fast.ts }
  b: { use: ./own.mjs }
`.replace('{ drop: [az] }', '{ select: { drop: [az] } }'),
    { 'fast.ts': FAST, 'own.mjs': "import { processor } from 'pitwall';\nexport default processor('a');\n" },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    config!.processors.map(({ plan, onError }) => [plan.name, plan.from, plan.steps.length, onError]),
    [
      ['a', [{ processor: 'fast' }], 1, 'stop'],
      ['fast', [{ pattern: 'car/{car}/imu' }], 1, 'stop'],
      ['b', [{ processor: 'a' }], 0, 'stop'],
    ],
  );
});

test('Faults of modules stand where the file names the module, all at once, beside its warnings.', async () => {
  const { problems } = await load(
    `sinks:
  s: { type: file, from: "#", path: ./out, roll: {} }
processors:
  gone: { from: a/b, use: ./fastt.ts }
  bad:
    from: a/b
    use: ./bad.ts
  good: { from: a/b, use: ./fast.ts }
`,
    { 'fast.ts': FAST, 'bad.ts': "export default (input) =>\n  input.select('a', 'a');\n" },
  );
  assert.deepEqual(problems, [
    '2:44: warning: sinks.s.roll has no effect: jsonl grows one file a stream',
    '4:27: processors.gone.use: ./fastt.ts is not there; did you mean "fast.ts"?',
    '7:10: processors.bad.use: ./bad.ts:2:9: select: column a stands twice',
  ]);
});

test('A plan of a module may read only what there is, and close no circle.', async () => {
  const own = (text: string) => `import { processor, stream } from 'pitwall';\nexport default ${text};\n`;
  const { problems } = await load(
    `processors:
  nowhere: { use: ./nowhere.ts }
  twice: { use: ./stream.ts }
  word: { use: ./word.ts }
  fast: { from: a/b, use: ./fast.ts }
`,
    {
      'nowhere.ts': own("stream('a/b').joinAsOf(processor('fats'))"),
      'stream.ts': own("stream('fast')"),
      'word.ts': own("stream('temperature')"),
      'fast.ts': FAST,
    },
  );
  assert.deepEqual(problems, [
    '2:19: processors.nowhere.use: steps[0].join.with: there is no processor fats; did you mean fast?',
    `3:17: processors.twice.use: reads the stream "fast", which is a processor; write processor('fast')`,
    '4:16: processors.word.use: reads the stream "temperature", which is not declared; a stream pattern holds a / or is "#"',
  ]);
  const circle = await load('processors:\n  a: { use: ./a.ts }\n  b:\n    from: a\n    steps: [{ select: [x] }]\n', {
    'a.ts': own("processor('b')"),
  });
  assert.deepEqual(circle.problems, [
    '2:13: processors.a.use: from: the processors a -> b -> a read one another in a circle',
  ]);
});

test('"use" and "steps" exclude one another, and a file with faults of its own loads no module.', async () => {
  const throwing = { 'm.ts': 'throw new Error("loaded");\n' };
  const both = await load('processors:\n  p: { from: a/b, use: ./m.ts, steps: [{ filter: a }] }\n', throwing);
  assert.deepEqual(both.problems, [
    '2:19: processors.p has "use" and "steps"; the module stands in place of the steps',
  ]);
  const other = await load('workers: x\nprocessors:\n  p: { from: a/b, use: ./m.ts }\n', throwing);
  assert.deepEqual(other.problems, ['1:10: workers must be a whole number from 0 to 256, not "x"']);
});

test('The drawing shows the module of a processor, what it does, and what it reads.', async () => {
  const { config, root } = await load(
    `processors:
  g: { from: ["car/{car}/gps", "car/{car}/imu"], use: ./g.ts }
  h: { use: ./h.ts }
`,
    {
      'g.ts': "export default ([gps, imu]) => imu.joinAsOf(gps).filter('speed > 5');\n",
      'h.ts': "import { processor } from 'pitwall';\nexport default processor('g');\n",
    },
  );
  assert.equal(
    drawText(flowGraph(config!, root!)),
    `stream    car/{car}/imu
stream    car/{car}/gps
processor g <- car/{car}/imu, join backward car/{car}/gps  (./g.ts: join, filter)
processor h <- g  (./h.ts)
`,
  );
});
