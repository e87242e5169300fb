import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Config } from '../../../pipeline/config/config.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfigBytes } from '../../../pipeline/config/read-config.js';
import { readTable, TABLE_BYTES_MAX, TABLE_ROWS_MAX } from '../../../pipeline/config/tables/read-table.js';
import type { LookupStep } from '../../../processors/plan.js';

const folder = mkdtempSync(join(tmpdir(), 'pitwall-tables-'));
after(() => rmSync(folder, { recursive: true }));

function table(name: string, text: string | Uint8Array, key = 'number') {
  writeFileSync(join(folder, name), text);
  return readTable(join(folder, name), key);
}

const DRIVERS = {
  rows: 2,
  columns: [
    { name: 'number', type: 'i64', cells: [44, 7] },
    { name: 'name', type: 'utf8', cells: ['Ada "Fast", L', null] },
    { name: 'car.kg', type: 'f64', cells: [65.5, 70] },
    { name: 'rookie', type: 'bool', cells: [true, null] },
  ],
};

test('A table reads the same from CSV, JSON lines and a JSON list.', () => {
  const json = '{"number":44,"name":"Ada \\"Fast\\", L","car":{"kg":65.5},"rookie":true}';
  const other = '{"number":7,"car":{"kg":70}}';
  const csv = '\ufeffnumber, name ,car.kg,rookie\r\n44,"Ada ""Fast"", L",65.5,TRUE\r\n\r\n7,,70,\r\n';
  assert.deepEqual(table('t.csv', csv), DRIVERS);
  assert.deepEqual(table('t.jsonl', `${json}\r\n\n${other}\n`), DRIVERS);
  assert.deepEqual(table('t.json', `[\n${json},\n${other}]`), DRIVERS);
});

test('What is wrong with a table is said with its line.', () => {
  const fault = (name: string, text: string | Uint8Array, expected: RegExp, key?: string) =>
    assert.throws(() => table(name, text, key), expected, name);
  fault('t.csv', 'number,name\n44,Ada\n\n7,Bo\n44,Cy\n', /^Error: line 5: the key 44 stands in line 2 already$/);
  fault('t.csv', 'number,name\n44,"Ada\nand Bo"\n,Cy\n', /^Error: line 4 has no number, which is the key$/);
  fault('t.csv', 'number,name\n44,Ada,x\n', /^Error: line 2 has 3 fields, the header 2$/);
  fault('t.csv', 'number,name\n44\n', /^Error: line 2 has 1 fields, the header 2$/);
  fault('t.csv', 'number,name\n44,"Ada\n7,Bo\n', /^Error: line 2: a quote is never closed/);
  fault('t.csv', 'number,name,number\n', /^Error: line 1: the column number stands twice$/);
  fault('t.csv', 'number,,a\n', /^Error: line 1: field 2 of the header has no name$/);
  fault('t.csv', 'number,kg\n44,inf\n', /^Error: line 2: column kg holds an infinite number$/);
  fault('t.csv', '\n', /^Error: the file is empty; its first line must name the columns$/);
  fault('t.csv', 'number,name\n', /^Error: the table has no rows$/);
  fault('t.csv', 'wet\ntrue\n', /^Error: column wet is true or false, which is no key$/, 'wet');
  fault('t.jsonl', '{"number":1}\n\n{"number":\n', /^Error: line 3 is no JSON: /);
  fault('t.jsonl', '{"number":1}\n[2]\n', /^Error: line 2 is no object of columns/);
  fault(
    't.jsonl',
    '{"number":1}\n\n{"number":"1"}\n',
    /^Error: line 3: column number is a string, and a number before$/,
  );
  fault('t.json', '[\n{"number":1},\n{"number":1]', /^Error: line 3 is no JSON: /);
  fault('t.json', '[{"number":1},{"number":1}]', /^Error: row 2: the key 1 stands in row 1 already$/);
  fault('t.json', '{"number":1}', /^Error: the file holds no list of objects/);
  fault('t.txt', 'number\n', /^Error: must end in \.csv, \.jsonl or \.json$/);
  fault('t.csv', Buffer.from([0x61, 0x0a, 0xff]), /^Error: the file is no UTF-8 text$/);
});

test('A number with a leading zero makes its column one of texts, and a table beyond the limits is refused.', () => {
  assert.deepEqual(table('t.csv', 'number\n044\n7\n').columns[0], {
    name: 'number',
    type: 'utf8',
    cells: ['044', '7'],
  });
  const rows = Array.from({ length: TABLE_ROWS_MAX + 1 }, (_, i) => i).join('\n');
  assert.throws(() => table('t.csv', `number\n${rows}\n`), /has 100001 rows, more than 100000/);
  assert.throws(
    () => table('t.csv', Buffer.alloc(TABLE_BYTES_MAX + 1, 'a')),
    /the file has 16\.0 MiB, more than 16\.0 MiB/,
  );
});

function read(lookup: string) {
  const text = `processors:\n  p:\n    from: car/{car}/imu\n    steps:\n      - lookup: ${lookup}\n`;
  const { config, problems } = readConfigBytes(join(folder, 'pitwall.yaml'), Buffer.from(text), {});
  return { config, problems: problems.map((problem) => formatProblem('x', problem)) };
}

test('The plan of a lookup holds the table, so that nobody else reads the file.', () => {
  writeFileSync(join(folder, 'drivers.csv'), 'number,name\n44,Ada\n');
  const { config, problems } = read(
    '{ file: ./drivers.csv, on: { car_number: number }, keep: inner, prefix: driver_ }',
  );
  assert.deepEqual(problems, []);
  const step: LookupStep = {
    verb: 'lookup',
    on: { left: 'car_number', table: 'number' },
    keep: 'inner',
    prefix: 'driver_',
    table: {
      rows: 1,
      columns: [
        { name: 'number', type: 'i64', cells: [44] },
        { name: 'name', type: 'utf8', cells: ['Ada'] },
      ],
    },
  };
  const { plan } = (config as Config).processors[0]!;
  assert.deepEqual(plan.steps, [step]);
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan, 'a plan is plain data');
});

test('Faults of a lookup stand at their place in the configuration, those of the table with the name of the file.', () => {
  writeFileSync(join(folder, 'twice.csv'), 'number,name\n44,Ada\n44,Bo\n');
  writeFileSync(join(folder, 'drivers.csv'), 'number,name\n44,Ada\n');
  const faults = (lookup: string) => read(lookup).problems;
  const where = 'processors.p.steps[0].lookup';
  assert.deepEqual(faults('{ file: ./twice.csv, on: number }'), [
    `x:5:25: ${where}.file: "./twice.csv": line 3: the key 44 stands in line 2 already`,
  ]);
  assert.deepEqual(faults('{ file: ./none.csv, on: number }'), [
    `x:5:25: ${where}.file: "./none.csv": there is no such file; a relative path begins in the folder of this file`,
  ]);
  assert.deepEqual(faults('{ file: ./drivers.csv, on: nummer }'), [
    `x:5:44: ${where}.on: the table has no column nummer; did you mean number?`,
  ]);
  assert.deepEqual(faults('{ file: ./drivers.csv, on: { a: number, b: name } }'), [
    `x:5:44: ${where}.on must name one column of the rows and one of the table, as in { car_number: number }, not keys with values`,
  ]);
  assert.deepEqual(faults('{ file: ., on: number }'), [
    `x:5:25: ${where}.file: ".": must end in .csv, .jsonl or .json`,
  ]);
});
