import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../../pipeline/config/config.js';
import { problemsOf, readText } from './problems-of.js';

function file(...steps: string[]): string {
  return `processors:
  p:
    from: car/{car}/gps
    steps:
${steps.map((step) => `      - ${step}\n`).join('')}`;
}

test('resample, fill and sort become the steps of a plan, with their defaults', () => {
  const { config, problems } = readText(
    file(
      'resample: { every: 50ms }',
      'resample: { every: 1s, how: nearest, maxGap: 2s, channels: { heading: angle, "oil temp": step } }',
      'fill: { ax: last, speed: linear, note: "", n: 0, ok: false, kind: "\'last\'", tyre: P Zero }',
      'sort: { lateness: 2s }',
      'sort: { lateness: 0s, equal: last }',
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual((config as Config).processors[0]!.plan.steps, [
    { verb: 'resample', everyUs: 50_000, how: 'linear', maxGapUs: null, channels: {} },
    {
      verb: 'resample',
      everyUs: 1e6,
      how: 'nearest',
      maxGapUs: 2e6,
      channels: { heading: 'angle', 'oil temp': 'step' },
    },
    {
      verb: 'fill',
      columns: {
        ax: { method: 'last' },
        speed: { method: 'linear' },
        note: { value: '' },
        n: { value: 0 },
        ok: { value: false },
        kind: { value: 'last' },
        tyre: { value: 'P Zero' },
      },
    },
    { verb: 'sort', latenessUs: 2e6, equal: 'all' },
    { verb: 'sort', latenessUs: 0, equal: 'last' },
  ]);
});

test('what is wrong with them is said at its place in the file', () => {
  assert.deepEqual(
    problemsOf(
      file(
        'resample: { how: liner, maxGap: 0s }',
        'resample: { every: 20, channels: { gear: stop } }',
        'fill: { ax: , ay: [1], timeUs: 0, n: .inf }',
        'fill:',
        'sort: { equal: first }',
      ),
    ),
    [
      '5:9: processors.p.steps[0].resample lacks "every", for example every: 50ms',
      '5:26: processors.p.steps[0].resample.how must be linear, step, angle or nearest, not "liner"; did you mean "linear"?',
      '5:41: processors.p.steps[0].resample.maxGap must be at least 1us, not "0s"',
      '6:28: processors.p.steps[1].resample.every must be a duration such as 250ms, 5s, 1m, 7d; 20 has no unit',
      '6:50: processors.p.steps[1].resample.channels.gear must be linear, step, angle or nearest, not "stop"; did you mean "step"?',
      '7:17: processors.p.steps[2].fill.ax is empty; write last, linear, a number, a text, true or false, or remove the key',
      '7:27: processors.p.steps[2].fill.ay must be last, linear, a number, a text, true or false, not a list',
      '7:40: processors.p.steps[2].fill.timeUs: timeUs is the time of the row and cannot be replaced',
      '7:46: processors.p.steps[2].fill.n: Infinity is no number to fill with',
      '8:9: processors.p.steps[3].fill must name columns, for example { ax: last, note: "" }, not nothing',
      '9:9: processors.p.steps[4].sort lacks "lateness", for example lateness: 2s',
      '9:24: processors.p.steps[4].sort.equal must be all or last, not "first"',
    ],
  );
});
