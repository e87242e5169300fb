import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configSchema } from '../../../pipeline/config/config-schema.js';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { readConfigBytes } from '../../../pipeline/config/read-config.js';
import { schemaFaults } from './json-schema-faults.js';
import { problemsOf } from './problems-of.js';

const STEPS = `
      - window: { tumbling: 1s, grace: 500ms, idle: 5s, emit: update, aggregate: { n: count(), ax_mean: mean(ax) } }
      - window: { hopping: { size: 10s, step: 1s }, aggregate: { ax_max: max(ax) } }
      - window: { sliding: 10s, aggregate: { n: count() } }
      - window: { session: 30s, grace: 1s, aggregate: { km: "distance(lat, lon) / 1000" } }
      - window: { rows: 100, aggregate: { n: count() } }
      - window:
          cut: lap
          aggregate:
            fastest: max(speed)
            span: max(speed) - min(speed)
      - rolling: { over: 10s, columns: { speed_10s: mean(speed) } }
`;
const FILE = `processors:\n  p:\n    from: a/b\n    steps:${STEPS}`;

test('Each kind of window, and a rolling step, is read as the plan it means, with its defaults.', async () => {
  const { config, problems } = await loadModules(readConfigBytes('pitwall.yaml', Buffer.from(FILE), {}));
  assert.deepEqual(problems, []);
  const S = 1_000_000;
  const window = { verb: 'window', graceUs: 0, idleUs: 5 * S, emit: 'close' };
  assert.deepEqual(config!.processors[0]!.plan.steps, [
    {
      ...window,
      kind: { tumblingUs: S },
      graceUs: S / 2,
      emit: 'update',
      aggregate: { n: 'count()', ax_mean: 'mean(ax)' },
    },
    { ...window, kind: { hopping: { sizeUs: 10 * S, stepUs: S } }, aggregate: { ax_max: 'max(ax)' } },
    { ...window, kind: { slidingUs: 10 * S }, aggregate: { n: 'count()' } },
    { ...window, kind: { sessionUs: 30 * S }, graceUs: S, aggregate: { km: 'distance(lat, lon) / 1000' } },
    { ...window, kind: { rows: 100 }, aggregate: { n: 'count()' } },
    {
      ...window,
      kind: { cut: 'lap' },
      aggregate: { fastest: 'max(speed)', span: 'max(speed) - min(speed)' },
    },
    { verb: 'rolling', overUs: 10 * S, columns: { speed_10s: 'mean(speed)' } },
  ]);
});

test('The JSON Schema takes these steps, and refuses keys and values that are none.', () => {
  assert.deepEqual(schemaFaults(configSchema(), parse(FILE), 'pitwall.yaml'), []);
  for (const wrong of ['tumbling: 1', 'tumbing: 1s', 'tumbling: 1s, emit: never', 'hopping: { size: 1s }']) {
    const file = `processors: { p: { from: a/b, steps: [{ window: { ${wrong}, aggregate: { n: count() } } }] } }`;
    assert.notDeepEqual(schemaFaults(configSchema(), parse(file), 'pitwall.yaml'), [], wrong);
    assert.notDeepEqual(problemsOf(file), [], wrong);
  }
});

test('Faults of windows and rolling steps stand at the value that is meant.', () => {
  const file = `processors:
  p:
    from: a/b
    steps:
      - window: { tumbling: 1s, hopping: { size: 1s, step: 1s }, aggregate: { n: count() } }
      - window: { aggregate: { n: count() } }
      - window: { tumbling: 1s }
      - window: { tumbling: 0s, aggregate: { n: count() } }
      - window: { hopping: { size: 1s, step: 2s }, aggregate: { n: count() } }
      - window: { hopping: { size: 10s, step: 100us }, aggregate: { n: count() } }
      - window: { rows: 0, aggregate: { n: count() } }
      - window: { rows: 10, grace: 1s, aggregate: { n: count() } }
      - window: { cut: "lap +", aggregate: { n: count() } }
      - window: { session: 1ms, grace: 1m, idle: 0s, aggregate: { n: count() } }
      - window: { session: 1ms, grace: 1m, aggregate: { n: count() } }
      - window: { sliding: 10s, emit: never, aggregate: {} }
      - window: { sliding: 10s, aggregate: { timeUs: count(), windowEndUs: count(), x: speed, y: mean(max(x)), z: 1 } }
      - window: { sliding: 10s, aggregate: { a: max(x, y) } }
      - rolling: { columns: { v: mean(speed) } }
      - rolling: { over: 10s, columns: { timeUs: mean(speed), v: "1 + men(speed)" } }
      - columns: { v: mean(speed) }
`;
  assert.deepEqual(problemsOf(file), [
    '5:33: processors.p.steps[0].window has "hopping" beside "tumbling"; write one of tumbling, hopping, sliding, session, rows or cut',
    '6:9: processors.p.steps[1].window lacks its kind; write one of tumbling, hopping, sliding, session, rows or cut',
    '7:9: processors.p.steps[2].window lacks "aggregate", for example aggregate: { n: count(), ax_mean: mean(ax) }',
    '8:29: processors.p.steps[3].window.tumbling must be at least 1us, not "0s"',
    '9:46: processors.p.steps[4].window.hopping.step: the step is longer than the window, so rows between two windows would be in none',
    '10:47: processors.p.steps[5].window.hopping.step: each row would be in more than 10000 windows; make the step longer',
    '11:25: processors.p.steps[6].window.rows must be a whole number from 1 to 1000000000, not "0"',
    '12:36: processors.p.steps[7].window.grace: windows by rows or by cut take rows as they come; grace is for windows of time',
    '13:30: processors.p.steps[8].window.cut: the expression ends where a value should stand',
    '14:50: processors.p.steps[9].window.idle must be at least 1us, not "0s"',
    '15:40: processors.p.steps[10].window.grace: more than 10000 windows would be open at a time; make the grace shorter',
    '16:39: processors.p.steps[11].window.emit must be close or update, not "never"',
    '16:57: processors.p.steps[11].window.aggregate must name columns, for example { ax_mean: mean(ax) }, not keys with values',
    '17:54: processors.p.steps[12].window.aggregate.timeUs: timeUs is the time of the row and cannot be replaced',
    '17:76: processors.p.steps[12].window.aggregate.windowEndUs: windowEndUs is the end of the window and cannot be replaced',
    '17:88: processors.p.steps[12].window.aggregate.x: speed is a value of each row; wrap it in an aggregate such as mean(speed) or last(speed)',
    '17:103: processors.p.steps[12].window.aggregate.y: an aggregate cannot stand inside another; max(x) is inside mean',
    '17:115: processors.p.steps[12].window.aggregate.z: nothing here is taken of the rows; use an aggregate such as mean(x) or count()',
    '18:49: processors.p.steps[13].window.aggregate.a: a comma inside { } ends the expression "max(x"; quote the whole expression',
    '19:9: processors.p.steps[14].rolling lacks "over", for example over: 10s',
    '20:50: processors.p.steps[15].rolling.columns.timeUs: timeUs is the time of the row and cannot be replaced',
    '20:71: processors.p.steps[15].rolling.columns.v: there is no function men; did you mean min?',
    '21:23: processors.p.steps[16].columns.v: mean takes values of many rows; it belongs in a window or rolling step',
  ]);
});
