import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CsvParser, type CsvRecord } from '../../core/csv-parser.js';

function parse(text: string, cuts: readonly number[] = []): CsvRecord[] {
  const parser = new CsvParser();
  const records: CsvRecord[] = [];
  const edges = [0, ...[...cuts].filter((at) => at < text.length).sort((a, b) => a - b), text.length];
  for (let i = 1; i < edges.length; i++) records.push(...parser.push(text.slice(edges[i - 1], edges[i])));
  records.push(...parser.end());
  return records;
}

const cells = (text: string) => parse(text).map((record) => record.cells);

/** RFC 4180, written the plain way. */
const quoted = (cell: string) => (cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

test('any table written by RFC 4180 reads back, however the text is cut into pieces', () => {
  const cell = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom('a,b', '"', '""', 'line\nbreak', 'line\r\nbreak', ' x ', '1.5', '-0.0', 'é€🏁', ',', '\n'),
  );
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 });
  const end = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(table, end, fc.boolean(), fc.array(fc.nat(200), { maxLength: 6 }), (rows, newline, isEnded, cuts) => {
      // A lone carriage return inside quotes survives; outside it would be read as part of the line end.
      const text = rows.map((row) => row.map(quoted).join(',')).join(newline) + (isEnded ? newline : '');
      const read = parse(text, cuts);
      assert.deepEqual(
        read.map((record) => record.cells),
        rows,
      );
      assert.equal(read.at(-1)!.isEnded, isEnded);
      assert.ok(read.every((record) => !record.isOpen));
      assert.deepEqual(
        read.map((record) => record.raw),
        rows.map((row) => row.map(quoted).join(',')),
      );
    }),
    { numRuns: 500 },
  );
});

test('an empty field without quotes is null, one in quotes an empty text', () => {
  assert.deepEqual(cells('a,,""\n,\n'), [
    ['a', null, ''],
    [null, null],
  ]);
});

test('empty lines are passed over and a quote inside a plain field is text', () => {
  assert.deepEqual(cells('a,b\n\n5" pipe,2\r\n\r\n'), [
    ['a', 'b'],
    ['5" pipe', '2'],
  ]);
});

test('a last line without its end says so', () => {
  const [first, last] = parse('a,b\n1');
  assert.equal(first!.isEnded, true);
  assert.deepEqual(last, { cells: ['1'], raw: '1', isEnded: false, isOpen: false, line: 2 });
});

test('where a quote is never closed only its line is given up, and the lines behind it are read', () => {
  const text = 'a,b\n1,"open\n2,x\n3,"y"\n4,"also';
  for (const cuts of [[], [7], [10, 12], [3, 9, 15, 20, 25]]) {
    const records = parse(text, cuts);
    assert.deepEqual(
      records.map(({ raw, isOpen, cells }) => (isOpen ? `open ${raw}` : cells)),
      [['a', 'b'], 'open 1,"open', ['2', 'x'], ['3', 'y'], 'open 4,"also'],
    );
  }
});

test('a forgotten quote in a large file costs bounded memory and one line', () => {
  const parser = new CsvParser();
  const records: CsvRecord[] = [];
  records.push(...parser.push('x,"forgotten\n'));
  const piece = 'aaaa,bbbb,cccc\n'.repeat(5000);
  for (let i = 0; i < 40; i++) records.push(...parser.push(piece));
  assert.ok(records.length > 100_000, 'rows come before the end of the file');
  records.push(...parser.end());
  assert.equal(records.length, 1 + 200_000);
  assert.equal(records.filter((record) => record.isOpen).length, 1);
});

test('a record knows the line it begins on, behind empty lines, line ends in quotes and lines that were given up', () => {
  const text = 'a,b\n\n1,"x\r\ny"\n\n2,"open\n3,z\n4,w';
  for (const cuts of [[], [4, 9], [1, 2, 3, 10, 14, 19, 22]]) {
    assert.deepEqual(
      parse(text, cuts).map(({ line, isOpen }) => [line, isOpen]),
      [
        [1, false],
        [3, false],
        [6, true],
        [7, false],
        [8, false],
      ],
    );
  }
});
