import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.js';

const own = (text: string) => `import { processor, stream } from 'pitwall';\nexport default ${text};\n`;

/** The problems of a processor `p` that a module builds; its name stands at 2:13. */
async function ofModule(text: string, more = ''): Promise<string[]> {
  return (await load(`processors:\n  p: { use: ./p.ts }\n${more}`, { 'p.ts': own(text) })).problems;
}

test('A join of a module whose sides can have no entity in common is refused, with its step, both streams and their keys.', async () => {
  const advice = 'and a join meets rows of one entity; give the streams the same entity with key: below streams';
  const joinedWith = (text: string) => `stream('car/{car}/imu').filter('ax > 1').joinAsOf(${text})`;
  assert.deepEqual(await ofModule(joinedWith("stream('car/{car}/position/gps')")), [
    `2:13: processors.p.use: steps[1].join.with: the rows of "car/{car}/position/gps" belong to the entity car/{car}/position, those of "car/{car}/imu" to car/{car}, ${advice}`,
  ]);
  assert.deepEqual(await ofModule(joinedWith("stream('car/{car}/gps')")), []);
  assert.deepEqual(
    await ofModule(joinedWith("processor('q')"), '  q: { from: "boat/{boat}/gps", steps: [{ filter: speed > 1 }] }\n'),
    [
      `2:13: processors.p.use: steps[1].join.with: the rows of "q" belong to the entity boat/{boat}, those of "car/{car}/imu" to car/{car}, ${advice}`,
    ],
  );
  const interval =
    "stream('car/{car}/imu').joinInterval(stream('boat/{boat}/gps'), { between: ['-1s', '0s'], wait: '1s' })";
  assert.equal((await ofModule(interval)).length, 1);
});

test('A key below streams counts for the joins of modules, too.', async () => {
  const join = "stream('car/{car}/imu').joinAsOf(stream('car/{car}/position/gps'))";
  const { problems } = await load(
    'streams: { "car/{car}/position/gps": { key: "car/{car}" } }\nprocessors: { p: { use: ./p.ts } }\n',
    { 'p.ts': own(join) },
  );
  assert.deepEqual(problems, []);
});

test('A join of the file that reads what a module gives is checked once the module says what it reads.', async () => {
  const join = (left: string) =>
    `  q:\n    from: "${left}"\n    steps:\n      - join: { with: p, prefix: p_ }\n      - filter: p_ax > 1\n`;
  assert.deepEqual(await ofModule("stream('car/{car}/imu')", join('car/{car}/gps')), []);
  assert.deepEqual(await ofModule("stream('car/{car}/imu')", join('boat/{boat}/gps')), [
    '6:23: processors.q.steps[0].join.with: the rows of "p" belong to the entity car/{car}, those of "boat/{boat}/gps" to boat/{boat}, and a join meets rows of one entity; give the streams the same entity with key: below streams',
  ]);
});
