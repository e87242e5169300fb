import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfig } from '../../../pipeline/config/read-config.js';
import { folderWith } from '../../support/folder-with.js';

const avsc = (...fields: [name: string, type: unknown][]) =>
  JSON.stringify({ type: 'record', name: 'Row', fields: fields.map(([name, type]) => ({ name, type })) });

const FILES = {
  'imu.avsc': avsc(['t', 'long'], ['ax', 'float'], ['ay', 'float'], ['note', ['null', 'string']]),
  'gps.avsc': avsc(['t', 'long'], ['speed', 'float'], ['wet', 'boolean'], ['note', 'string']),
};
const STREAMS = `streams:
  car/{car}/imu: { schema: imu.avsc }
  car/{car}/gps: { schema: gps.avsc }
`;

function read(yaml: string, files: Readonly<Record<string, string>> = FILES, environment = {}) {
  const folder = folderWith({ 'pitwall.yaml': yaml, ...files });
  mkdirSync(join(folder, 'folder'));
  return readConfig(join(folder, 'pitwall.yaml'), environment);
}

/** As `LINE:COLUMN: message`. */
function problemsOf(yaml: string, files?: Readonly<Record<string, string>>, environment?: object): string[] {
  return read(yaml, files, environment).problems.map((problem) => formatProblem('x', problem).slice(2));
}

/** The problems of the steps of a processor `p`, behind its name; steps begin in line 8. */
function ofSteps(from: string, ...steps: string[]): string[] {
  const lines = steps.map((step) => `      - ${step}\n`).join('');
  return problemsOf(`${STREAMS}processors:\n  p:\n    from: ${from}\n    steps:\n${lines}`).map((line) =>
    line.replace('processors.p.steps', ''),
  );
}

test('The columns of a stream are what its schema file says, by a path from the folder of the configuration.', () => {
  const yaml = 'streams:\n  a/b: { schema: "./schemas/${'.concat('NAME}.avsc", time: { field: t } }\n  a/c:\n');
  const { config, problems } = read(yaml, { 'schemas/imu.avsc': FILES['imu.avsc'] }, { NAME: 'imu' });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    config!.streams.map(({ schema }) => schema?.fields.map(({ name, type }) => `${name} ${type}`)),
    [['t i64', 'ax f32', 'ay f32', 'note utf8'], undefined],
  );
});

test('A schema file that cannot be used is an error where it is named, with its line or field.', () => {
  const fault = (name: string, text?: string) =>
    problemsOf(`streams:\n  a/b: { schema: ${name} }\n`, text === undefined ? {} : { [name]: text });
  const where = '2:18: streams["a/b"].schema: ';
  assert.deepEqual(fault('none.avsc'), [
    `${where}"none.avsc": there is no such file; a relative path begins in the folder of this file`,
  ]);
  assert.deepEqual(fault('folder'), [`${where}"folder": this is no file`]);
  assert.match(
    fault('a.avsc', '{\n"type": "record",\n"name" }')[0]!,
    /^2:18: streams\["a\/b"\]\.schema: "a\.avsc": line 3 is no JSON: /,
  );
  assert.deepEqual(fault('a.avsc', '{ "type": "enum" }'), [
    `${where}"a.avsc": holds no Avro record; write { "type": "record", "name": "Imu", "fields": [{ "name": "ax", "type": "double" }] }`,
  ]);
  assert.deepEqual(fault('a.avsc', avsc(['ax', { type: 'array', items: 'double' }])), [
    `${where}"a.avsc": field ax is an array, which no column holds; a list in a row is kept as its JSON text, so make it a string`,
  ]);
  assert.deepEqual(problemsOf('streams:\n  a/b: { schema: 5 }\n'), [
    '2:18: streams["a/b"].schema must be the path of a file, not the number 5',
  ]);
});

test('A column that the schema does not have, or of another type, is an error in every kind of step.', () => {
  const faults = ofSteps(
    'car/{car}/imu',
    'filter: axx > 1 and note > 5',
    'select: [ax, ay, nota]',
    'filter: anything > 1',
  );
  assert.deepEqual(faults, [
    '8:17: [0].filter: unknown column axx; did you mean ax?',
    '8:36: [0].filter: the comparison > takes values of one type, and this is a number beside a text',
    '9:26: [1].select[2]: unknown column nota; did you mean note?',
  ]);
  const one = (step: string) => ofSteps('car/{car}/imu', step);
  assert.deepEqual(one('columns: { g: ax / 9.81, wrong: -note }'), [
    '8:42: [0].columns.wrong: the sign needs a number, and this is a text',
  ]);
  assert.deepEqual(one('filter: t > 1'), ['8:17: [0].filter: unknown column t']);
  assert.deepEqual(one('filter: timeUs > 1'), []);
  assert.deepEqual(one('filter: ax'), [
    '8:17: [0].filter: a filter needs true or false; compare the value with something, as in x > 0',
  ]);
  assert.deepEqual(one('window: { tumbling: 1s, aggregate: { m: mean(axx), n: mean(note) } }').length, 2);
  assert.deepEqual(one('rolling: { over: 1s, columns: { m: mean(az) } }'), [
    '8:49: [0].rolling.columns.m: unknown column az; did you mean ax?',
  ]);
  assert.deepEqual(one('fill: { ax: last, note: 5 }').length, 1);
  assert.deepEqual(one('resample: { every: 1s, channels: { note: angle } }'), [
    '8:50: [0].resample.channels.note: column note is utf8, which is no angle',
  ]);
  assert.deepEqual(one('group: { by: [car, ax, gear] }'), ['8:32: [0].group.by[2]: unknown column gear']);
});

test('A joined stream adds its columns, and a name that both sides have needs a prefix.', () => {
  assert.deepEqual(
    ofSteps(
      'car/{car}/imu',
      'join: { with: "car/{car}/gps", how: linear, channels: { sped: step }, prefix: gps_ }',
      'filter: speed > 5',
    ),
    ['8:71: [0].join.channels.sped: unknown column sped; did you mean speed?'],
  );
  assert.deepEqual(
    ofSteps('car/{car}/imu', 'join: { with: "car/{car}/gps", prefix: gps_ }', 'filter: speed > 5 and gps_wet'),
    ['9:17: [1].filter: unknown column speed'],
  );
  assert.deepEqual(ofSteps('car/{car}/imu', 'join: { with: "car/{car}/gps" }'), [
    '8:15: [0].join: column note exists on both sides of the join; give the join a prefix',
  ]);
  assert.deepEqual(ofSteps('car/{car}/imu', 'join: { with: "car/{car}/tyres" }', 'filter: whatever > 1'), []);
});

test('One mistake is said once: what a wrong step makes is not known to those behind it.', () => {
  assert.deepEqual(
    ofSteps('car/{car}/imu', 'columns: { kmh: sped * 3.6 }', 'filter: kmh > 5', 'select: [kmh, ax]', 'filter: 1 +'),
    ['8:25: [0].columns.kmh: unknown column sped', '11:20: [3].filter: the expression ends where a value should stand'],
  );
  assert.deepEqual(ofSteps('car/{car}/imu', 'selekt: [a]', 'filter: kmh > 5'), [
    '8:9: [0].selekt is not a known step; did you mean "select"?',
  ]);
});

test('Of several inputs each is checked for itself, and the one that lacks a column is named.', () => {
  assert.deepEqual(ofSteps('["car/{car}/imu", "car/{car}/gps"]', 'filter: ax > 1'), [
    '8:17: [0].filter: unknown column ax (in the rows of car/{car}/gps)',
  ]);
  assert.deepEqual(ofSteps('["car/{car}/imu", "car/{car}/gps"]', 'filter: az > 1'), [
    '8:17: [0].filter: unknown column az; did you mean ax? (in the rows of car/{car}/imu)',
    '8:17: [0].filter: unknown column az (in the rows of car/{car}/gps)',
  ]);
  assert.deepEqual(ofSteps('["car/{car}/imu", "car/{car}/gps"]', "filter: note = 'pit'"), []);
  assert.deepEqual(ofSteps('["car/{car}/imu", "car/{car}/tyres"]', 'filter: ax > 1'), []);
  assert.deepEqual(
    ofSteps('[nothing, "car/{car}/imu"]', 'filter: az + 1').at(-1),
    '8:17: [0].filter: unknown column az; did you mean ax? (in the rows of car/{car}/imu)',
  );
});

test('Where some stream of a pattern may have other columns, none are known; a capture has any name.', () => {
  assert.deepEqual(ofSteps('car/#', 'filter: whatever > 1'), []);
  assert.deepEqual(ofSteps('car/{car}/{sensor}', 'filter: whatever > 1'), []);
  assert.deepEqual(ofSteps('"#"', 'filter: whatever > 1'), []);
  for (const from of ['car/{number}/imu', 'car/+/imu', 'car/44/imu']) {
    assert.deepEqual(ofSteps(from, 'filter: whatever > 1').length, 1, from);
  }
});

test('What a stream captures anywhere may be grouped by, as its tag.', () => {
  assert.deepEqual(ofSteps('car/+/imu', 'group: { by: car }'), []);
});

test('A processor knows the columns of the processor that it reads, wherever that stands in the file.', () => {
  const processors = (...lines: string[]) =>
    problemsOf(`${STREAMS}processors:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  assert.deepEqual(
    processors(
      'second: { from: first, steps: [{ filter: kmh > 5 and speed > 1 }] }',
      'first: { from: "car/{car}/gps", steps: [{ columns: { kmh: speed * 3.6 } }, { select: [kmh] }] }',
    ),
    ['5:56: processors.second.steps[0].filter: unknown column speed'],
  );
  assert.deepEqual(
    processors(
      'second: { from: first, steps: [{ filter: whatever > 1 }] }',
      'first: { from: "car/{car}/gps", steps: [{ columns: { kmh: sped } }] }',
    ),
    ['6:61: processors.first.steps[0].columns.kmh: unknown column sped; did you mean speed?'],
  );
  const circle = processors(
    'one: { from: two, steps: [{ filter: a > 1 }] }',
    'two: { from: one, steps: [{ filter: b > 1 }] }',
  );
  assert.deepEqual(circle, ['6:16: processors.two.from: processors may not feed themselves: one -> two -> one']);
});

test('A schema that cannot be read makes columns unknown, and hides no other fault.', () => {
  assert.deepEqual(
    problemsOf(`streams:
  car/{car}/imu: { schema: none.avsc }
  car/#: { schema: gps.avsc }
processors:
  p: { from: "car/{car}/imu", steps: [{ filter: ax > 1 }] }
  q: { from: "car/{car}/gps", steps: [{ filter: ax > 1 }] }
`),
    [
      '2:28: streams["car/{car}/imu"].schema: "none.avsc": there is no such file; a relative path begins in the folder of this file',
      '6:49: processors.q.steps[0].filter: unknown column ax',
    ],
  );
});

test('The value of a variable in a step is not shown.', () => {
  const filter = 'filter: "$'.concat('{F}"');
  assert.deepEqual(
    problemsOf(`${STREAMS}processors: { p: { from: "car/{car}/imu", steps: [{ ${filter} }] } }\n`, FILES, {
      F: 'secret > 1',
    }),
    ['4:61: processors.p.steps[0].filter: "${'.concat('F}" is not valid with its variables replaced')],
  );
});
