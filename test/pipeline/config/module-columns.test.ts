import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.js';

const SCHEMAS = {
  'imu.avsc':
    '{ "type": "record", "name": "Imu", "fields": [{ "name": "t", "type": "long" }, { "name": "ax", "type": "float" }, { "name": "note", "type": "string" }] }',
};
const own = (text: string) => `import { col, stream } from 'pitwall';\nexport default ${text};\n`;

/** The problems of a processor `p` that a module builds; its name stands at 4:13. */
async function ofModule(text: string, more = ''): Promise<string[]> {
  const { problems } = await load(
    `streams:\n  car/{car}/imu: { schema: imu.avsc }\nprocessors:\n  p: { use: ./p.ts }\n${more}`,
    { ...SCHEMAS, 'p.ts': own(text) },
  );
  return problems;
}

test('The steps that a module builds are checked against the schemas of the file.', async () => {
  assert.deepEqual(await ofModule("stream('car/{car}/imu').filter(col('ax').gt(5))"), []);
  assert.deepEqual(await ofModule("stream('car/{car}/imu').select('ax').filter(col('axx').gt(5))"), [
    '4:13: processors.p.use: steps[1].filter: unknown column axx; did you mean ax?',
  ]);
  assert.deepEqual(
    await ofModule(
      "stream('car/{car}/gps', { speed: 'f64' }).joinAsOf(stream('car/{car}/imu'), { channels: { nota: 'step' }, how: 'linear' })",
    ),
    ['4:13: processors.p.use: steps[0].join.channels.nota: unknown column nota; did you mean note?'],
  );
  assert.deepEqual(await ofModule("stream('car/+/imu').group('car')"), []);
});

test('A step of the file that reads a module is checked against what comes out there, at its own place.', async () => {
  assert.deepEqual(
    await ofModule(
      "stream('car/{car}/imu').withColumn('g', 'ax / 9.81').select('g')",
      '  q:\n    from: p\n    steps:\n      - filter: g > 1\n      - columns: { a: g, b: gg + 1 }\n',
    ),
    ['9:29: processors.q.steps[1].columns.b: unknown column gg; did you mean g?'],
  );
  assert.deepEqual(
    await ofModule("stream('car/{car}/imu').map(() => true)", '  q: { from: p, steps: [{ filter: whatever > 1 }] }\n'),
    [],
  );
});

test('What a module says of the columns of a stream is held against its schema, on either side of a join.', async () => {
  assert.deepEqual(await ofModule("stream('car/{car}/imu', { ax: 'f64' }).filter('ax > 1')"), []);
  const says = 'the module says that car/{car}/imu has the column';
  assert.deepEqual(await ofModule("stream('car/{car}/imu', { axx: 'f64', note: 'i32', ax: 'u8' })"), [
    `4:13: processors.p.use: ${says} axx, and the schema below streams does not; did you mean "ax"?`,
    `4:13: processors.p.use: ${says} note as i32, and the schema below streams has it as utf8; let both say the same`,
  ]);
  assert.deepEqual(
    await ofModule("stream('car/{car}/gps').joinAsOf(stream('car/{car}/imu', { speed: 'f64' })).map(() => true)"),
    [`4:13: processors.p.use: ${says} speed, and the schema below streams does not; it has: ax, note`],
  );
  assert.deepEqual(await ofModule("stream('car/{car}/gps').union(stream('car/{car}/imu', { note: 'bool' }))"), [
    `4:13: processors.p.use: ${says} note as bool, and the schema below streams has it as utf8; let both say the same`,
  ]);
  const { problems } = await load(
    'streams: { "car/{car}/imu": { schema: imu.avsc } }\nprocessors:\n  p: { from: "car/{car}/imu", use: ./p.ts }\n',
    { ...SCHEMAS, 'p.ts': "export default (input) => input.withSchema({ note: 'f32' }).select('note');\n" },
  );
  assert.deepEqual(problems, [
    `3:36: processors.p.use: ${says} note as f32, and the schema below streams has it as utf8; let both say the same`,
  ]);
});
