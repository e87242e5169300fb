import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parse } from 'yaml';
import { caseFileSchema, type ExpectedRow } from '../../../pipeline/cases/case-keys.js';
import { caseRecords } from '../../../pipeline/cases/case-records.js';
import { CASE_EPOCH_US, formatSpan, signedDurationUs } from '../../../pipeline/cases/case-time.js';
import { compareRows } from '../../../pipeline/cases/compare-rows.js';
import type { GotRow } from '../../../pipeline/cases/run-case.js';
import { loadConfig } from '../../../pipeline/config/load-config.js';
import { loadFunctions } from '../../../processors/functions/load-functions.js';
import { schemaFaults } from '../config/json-schema-faults.js';
import { caseFile, caseFilesBelow, configOf, runCases } from './case-support.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const RUNS = Number(process.env.PITWALL_PROPERTY_RUNS ?? 300);
const CONFIG = configOf(`
streams: { "car/{car}/{group}/imu": { key: "car/{car}" } }
processors:
  kmh: { from: "car/{car}/gps", steps: [{ columns: { kmh: speed * 3.6 } }, { filter: kmh > 5 }] }
  place: { from: "car/{car}/body/imu", steps: [{ join: { with: kmh, how: linear, wait: 5s, prefix: gps_ } }] }
  other: { from: "car/{car}/temps", steps: [{ select: [oil] }] }
`);

/** The problems of one case of `kmh`, where the list of given records and the expected rows are these texts. */
async function problemsOf(given: string, expect = '[]', more = ''): Promise<string[]> {
  return (await runCases(`processor: kmh\ncases:\n- name: x\n  given: ${given}\n  expect: ${expect}\n${more}`, CONFIG))
    .problems;
}

test('A case passes where the rows that come out are those expected, and only there.', async () => {
  const given = '[{ stream: car/4/gps, at: 0s, speed: 10.0 }, { stream: car/4/gps, at: 1s, speed: 1.0 }]';
  const message = async (expect: string) => {
    const text = `processor: kmh\ncases:\n- name: x\n  given: ${given}\n  expect: ${expect}`;
    const { results, problems } = await runCases(text, CONFIG);
    assert.deepEqual(problems, []);
    return results[0]!.failure?.message ?? 'passed';
  };
  assert.equal(await message('[{ at: 0s, kmh: 36 }]'), 'passed');
  assert.equal(await message('[{ kmh: 36.0000000001, speed: 10, car: "4", stream: kmh/car/4 }]'), 'passed');
  assert.equal(await message('[{ t: "2024-01-01T00:00:00Z", kmh: 36, speed: 10 }]'), 'passed');
  assert.equal(await message('[{ at: 1ms, kmh: 36 }]'), 'row 1: at is 0s, not 1ms');
  assert.equal(await message('[{ kmh: "36" }]'), 'row 1: kmh is 36, not 36');
  assert.equal(await message('[{ kmh: null }]'), 'row 1: kmh is 36, not null');
  assert.equal(await message('[{ stream: kmh/car/5 }]'), 'row 1: stream is kmh/car/4, not kmh/car/5');
  assert.equal(await message('[]'), 'row 1 came out and is not expected');
  assert.equal(await message('[{ at: 0s }, { at: 1s }]'), 'row 2 did not come out');
  assert.equal(await message('[{ kmh: 36 }]\n  exactly: true'), 'row 1: speed is 10, not no such column');
  assert.equal(await message('[{ kmh: 36, speed: 10 }]\n  exactly: true'), 'passed');
  assert.equal(await message('[{ kmh: 36.3 }]\n  tolerance: 0.01'), 'passed');
});

test('Receive time passes with `pass` alone, in ticks of a second, and event time with the rows.', async () => {
  const given = (pass: string) =>
    `processor: place\ncases:\n- name: x\n  given:
  - { stream: car/4/gps, at: 0s, speed: 10.0 }
  - { stream: car/4/body/imu, at: 1s, ax: 1.0 }
  - pass: ${pass}
  - { stream: car/4/gps, at: 2s, speed: 10.0 }\n  expect:`;
  const kept = '[{ at: 1s, gps_kmh: 36, ax: 1 }]';
  assert.equal((await runCases(`${given('4999ms')} ${kept}`, CONFIG)).results[0]!.failure, null);
  assert.equal((await runCases(`${given('5s')} []`, CONFIG)).results[0]!.failure, null);
});

test('Cells are typed as the gateway types JSON; a number with a point makes its column f64.', async () => {
  const rows = (cells: string) => {
    const text = `processor: kmh\ncases:\n- name: x\n  given: [{ stream: car/4/gps, columns: [at, a], rows: [${cells}] }]\n  expect: []`;
    const { cases, problems } = caseFile(text, CONFIG);
    const records = caseRecords(cases[0]!, CONFIG, problems)!;
    return records[0]!.schema!.fields.map(({ name, type }) => `${name} ${type}`).join();
  };
  assert.equal(rows('[0s, 1], [1s, 2]'), 'a i64');
  assert.equal(rows('[0s, 1], [1s, 2.5]'), 'a f64');
  assert.equal(rows('[0s, 1.0]'), 'a f64');
  assert.equal(rows('[0s, 1], [1s, 2.0]'), 'a f64');
  assert.equal(rows('[0s, 1e3]'), 'a f64');
  assert.equal(rows('[0s, true], [1s, null]'), 'a bool');
  assert.equal(rows('[0s, "1"]'), 'a utf8');
  assert.equal(rows('[0s, { b: 1, c: [1, 2] }]'), 'a.b i64,a.c utf8');
});

test('A record has the entity key and the tags that the configuration gives its stream, and its rows in order.', async () => {
  const text = `processor: place\ncases:\n- name: x\n  given:
  - { stream: car/4/body/imu, columns: [at, ax], rows: [[2s, 2], [1s, 1]] }
  - pass: 2500ms\n  expect: []`;
  const { cases, problems } = caseFile(text, CONFIG);
  const records = caseRecords(cases[0]!, CONFIG, problems)!;
  const [first, ...ticks] = records;
  assert.equal(first!.key, 'car/4');
  assert.deepEqual(first!.tags, { car: '4', group: 'body' });
  assert.deepEqual([first!.packed!.t0Us, first!.packed!.rows], [CASE_EPOCH_US + 1e6, 2]);
  assert.deepEqual(
    ticks.map(({ kind, receivedUs }) => [kind, receivedUs - CASE_EPOCH_US]),
    [
      ['tick', 1e6],
      ['tick', 2e6],
      ['tick', 2.5e6],
    ],
  );
});

const GPS = '{ stream: car/4/gps, at: 0s, speed: 10 }';
const WRONG: [problems: string[], expected: RegExp[]][] = [
  [
    await problemsOf(`[{ stream: car/4/gsp, at: 0s, speed: 1 }]`),
    [/^4:21: neither kmh .* "car\/4\/gsp"; did you mean "car\/4\/gps"\?$/],
  ],
  [
    await problemsOf(`[{ stream: car/4/temps, at: 0s, oil: 1 }]`),
    [/^4:21: neither kmh nor what it reads takes the stream/],
  ],
  [
    await problemsOf(`[${GPS}]`, '[{ at: 0s, kph: 36 }]'),
    [/^5:22: the rows of kmh have no column "kph"; did you mean "kmh"\?$/],
  ],
  [await problemsOf(`[${GPS}]`, '[{ at: 0s, kph: null }]'), [/^5:22: the rows of kmh have no column "kph"/]],
  [
    await problemsOf(`[${GPS}]`, '[{ columns: [at, kph], rows: [[0s, 1]] }]'),
    [/^5:28: the rows of kmh have no column "kph"/],
  ],
  [
    await problemsOf(`[{ steam: car/4/gps, at: 0s }]`),
    [/^4:13: .*lacks "stream"; did you mean "stream" by "steam"\?$/],
  ],
  [await problemsOf(`[{ stream: car/4/gps, speed: 1 }]`), [/^4:11: .*without a time; add at/]],
  [
    await problemsOf(`[{ stream: car/4/gps, at: 1, speed: 1 }]`),
    [/^4:36: cases\[0\]\.given\[0\]\.at must be a time .*; 1 has no unit$/],
  ],
  [await problemsOf(`[{ stream: car/4/gps, at: 0s, t: 2024-01-01 }]`), [/^4:40: .*one time; keep at or t$/]],
  [
    await problemsOf(`[{ stream: car/4/gps, t: 5, speed: 1 }]`),
    [/^4:35: .*must be an ISO 8601 time or a number since 1970/],
  ],
  [await problemsOf(`[{ pass: 0s }]`), [/^4:19: .*pass must be at least 1us/]],
  [await problemsOf(`[{ pass: 1s, at: 1s }]`), [/^4:23: .*at is not a known key/]],
  [
    await problemsOf(`[{ stream: car/4/gps, columns: [at, a], rows: [[0s]] }]`),
    [/^4:57: .*list of 2 values, one a column, not 1 values$/],
  ],
  [await problemsOf(`[{ stream: car/4/gps, columns: [at, a, a], rows: [[0s, 1, 2]] }]`), [/^4:49: .*names "a" twice$/]],
  [
    await problemsOf(`[{ stream: car/4/gps, columns: [at, a], row: [] }]`),
    [/^4:50: .*row is no key beside "columns" and "rows"; did you mean "rows"/],
  ],
  [
    await problemsOf(`[{ stream: car/4/gps, columns: [at, speed], rows: [[0s, 1], [1s, x]] }]`),
    [/^4:75: the gateway would refuse this row of car\/4\/gps/],
  ],
  [await problemsOf(`[{ stream: a/+, at: 0s }]`), [/^4:21: /]],
  [await problemsOf(`[${GPS}]`, '{}'), [/^5:11: cases\[0\]\.expect must be a list of rows/]],
  [
    await problemsOf(`[${GPS}]`, '[]', '  exactyl: true'),
    [/^6:3: cases\[0\]\.exactyl is not a known key; did you mean "exactly"\?$/],
  ],
  [await problemsOf(`[${GPS}]`, '[]', '  tolerance: -1'), [/^6:14: cases\[0\]\.tolerance must be a number from 0/]],
  [await problemsOf(`[${GPS}]`, '[]', '  exactly: 1'), [/^6:12: cases\[0\]\.exactly must be true or false/]],
  [
    await problemsOf(`[${GPS}]`, '[]', '  processor: khm'),
    [/^6:14: cases\[0\]: .*no processor "khm"; did you mean "kmh"\?$/],
  ],
  [await problemsOf('[]'), [/^4:10: .*given is an empty list/]],
  [
    (await runCases(`cases: [{ name: x, given: [${GPS}], expect: [] }]`, CONFIG)).problems,
    [/^1:9: cases\[0\] lacks "processor"/],
  ],
];

test('What is wrong with a file is said at its place, with what may have been meant.', async () => {
  for (const [problems, expected] of WRONG) {
    assert.equal(problems.length, expected.length, problems.join('\n'));
    expected.forEach((pattern, i) => void assert.match(problems[i]!, pattern));
  }
});

test('A column may be expected to be null when only the steps, or the rows given, name it.', async () => {
  assert.deepEqual(await problemsOf(`[${GPS}]`, '[{ at: 0s, kmh: 36, speed: 10 }]'), []);
  const text = `processor: place\ncases:\n- name: x\n  given: [{ stream: car/4/body/imu, at: 0s, ax: 1 }]\n  expect: [{ gps_kmh: 1 }]`;
  const { results, problems } = await runCases(text, CONFIG);
  assert.deepEqual(problems, []);
  assert.equal(results[0]!.failure!.message, 'row 1 did not come out');
});

test('A step that fails for the rows of a case fails the case, with what the step says.', async () => {
  const text = `processor: kmh\ncases:\n- name: x\n  given: [{ stream: car/4/gps, at: 0s, speed: fast }]\n  expect: []`;
  const { results } = await runCases(text, CONFIG);
  assert.match(results[0]!.failure!.message, /^processor kmh, steps\[0\]: .*speed/);
});

test('The failure shows rows around the first difference and underlines its cell.', async () => {
  const speeds = [10, 20, 30, 40, 50, 60, 70, 80];
  const rows = speeds.map((speed, i) => `[${i}s, ${speed}]`).join();
  const want = speeds.map((speed, i) => `[${i}s, ${speed * 3.6 + (i === 3 || i === 4 ? 1 : 0)}]`).join();
  const text = `processor: kmh\ncases:\n- name: x\n  given: [{ stream: car/4/gps, columns: [at, speed], rows: [${rows}] }]\n  expect: [{ columns: [at, kmh], rows: [${want}] }]`;
  assert.deepEqual((await runCases(text, CONFIG)).results[0]!.failure, {
    message: 'row 4: kmh is 144, not 145',
    table: [
      '    at  kmh',
      '  = 1s  72',
      '  = 2s  108',
      '> - 3s  145',
      '> + 3s  144',
      '        ^^^',
      '  - 4s  181',
      '  + 4s  180',
      '  = 5s  216',
      '  = 6s  252',
      '    … 8 expected, 8 got',
    ],
  });
});

const cell = fc.oneof(
  fc.double({ min: -1e100, max: 1e100 }),
  fc.integer(),
  fc.boolean(),
  fc.string(),
  fc.constant(null),
);
const row = fc.record({ timeUs: fc.integer({ min: 0, max: 1e9 }), a: cell, b: cell });

test('Rows compare equal to themselves, and one changed cell is the first difference.', async () => {
  const gotOf = ({ timeUs, a, b }: { timeUs: number; a: unknown; b: unknown }): GotRow => {
    const cells = new Map(Object.entries({ a, b })) as GotRow['cells'];
    return { stream: 'p/x', timeUs, cells, tags: {} };
  };
  const wantOf = ({ timeUs, cells }: GotRow): ExpectedRow => {
    const place = { isFraction: false, offset: 0, nameOffset: 0 };
    const named = [...cells].map(([name, value]) => [name, { value, ...place }] as const);
    return { timeUs, stream: null, cells: new Map(named), offset: 0 };
  };
  const how = { exactly: true, tolerance: 1e-9 };
  const property = fc.property(
    fc.array(row, { minLength: 1, maxLength: 5 }),
    fc.nat(),
    fc.constantFrom('a', 'b'),
    (rows, at, name) => {
      const got = rows.map(gotOf);
      const want = got.map(wantOf);
      assert.equal(compareRows(want, got, how), null);
      const changed = at % rows.length;
      const { value } = want[changed]!.cells.get(name)!;
      const other =
        typeof value === 'number'
          ? Number.isNaN(value)
            ? 0
            : value + 1e-6 * Math.max(1, Math.abs(value))
          : value === null
            ? 0
            : null;
      want[changed]!.cells.set(name, { value: other, isFraction: false, offset: 0, nameOffset: 0 });
      const difference = compareRows(want, got, how);
      assert.deepEqual([difference?.row, difference?.column], [changed, name]);
      assert.equal(compareRows(want.slice(0, -1), got, how)?.row, Math.min(changed, rows.length - 1));
    },
  );
  fc.assert(property, { numRuns: RUNS });
});

test('A span is written in the unit that it is read back from.', async () => {
  const spans = fc.oneof(
    fc.integer({ min: -1e12, max: 1e12 }),
    fc.integer({ min: -1e6, max: 1e6 }).map((ms) => ms * 1000),
  );
  fc.assert(
    fc.property(spans, (us) => assert.equal(signedDurationUs(formatSpan(us)) + 0, us + 0, formatSpan(us))),
    { numRuns: RUNS },
  );
});

test('The cases of docs/testing.md and of the examples pass.', async () => {
  const page = readFileSync(`${root}docs/testing.md`, 'utf8');
  const [config, cases] = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block]) => block!);
  const ran = [await runCases(cases!, configOf(config!))];
  const examples = caseFilesBelow(`${root}examples`);
  assert.ok(examples.length > 0);
  for (const file of examples) {
    const beside = await loadConfig(`${root}examples/${file.split('/')[0]}/pitwall.yaml`, {});
    const functions = await loadFunctions(beside.processors.map(({ plan }) => plan));
    ran.push(await runCases(readFileSync(`${root}examples/${file}`, 'utf8'), beside, functions));
  }
  for (const { results, problems } of ran) {
    assert.deepEqual(problems, []);
    assert.ok(results.length >= 3);
    for (const result of results) assert.deepEqual(result, { failure: null, warnings: result!.warnings });
  }
});

test('The JSON Schema takes what the checker takes.', async () => {
  const faults = (given: string, expect: string) => {
    return schemaFaults(
      caseFileSchema(),
      parse(`{ processor: p, cases: [{ name: x, given: ${given}, expect: ${expect} }] }`),
      'x',
    );
  };
  assert.deepEqual(faults('[{ stream: a/b, at: 0s, x: 1 }, { pass: 1s }]', '[]'), []);
  assert.deepEqual(faults('[{ stream: a/b, columns: [at], rows: [[0s]] }]', '[{ at: -1s, x: null }]'), []);
  for (const file of caseFilesBelow(`${root}examples`)) {
    assert.deepEqual(schemaFaults(caseFileSchema(), parse(readFileSync(`${root}examples/${file}`, 'utf8')), file), []);
  }
  for (const wrong of [
    '[{ at: 0s }]',
    '[{ pass: 1 }]',
    '[{ stream: a/b, at: 1 }]',
    '[]',
    '[{ stream: a/b, rows: [[1]] }]',
  ]) {
    assert.ok(faults(wrong, '[]').length > 0, wrong);
  }
  assert.ok(faults('[{ pass: 1s }]', '{}').length > 0);
});
