import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pathOfStream, streamOfPath } from '../../../sinks/file/stream-path.js';

const level = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('.', '%', 'a', 'A', '2', '-', ' ', '=', ':', '\\', '\0', 'ü'), maxLength: 8 }),
  fc.constantFrom(
    '.',
    '..',
    '.pitwall',
    'a.jsonl',
    'a.2',
    'con',
    'NUL.x',
    'partition=0',
    'x'.repeat(400),
    'ü'.repeat(190),
  ),
);
const stream = fc
  .array(
    level.map((text) => text.replaceAll('/', '')),
    { minLength: 1, maxLength: 5 },
  )
  .map((l) => l.join('/'));
const extension = fc.constantFrom('', '.jsonl', '.csv');

test('every stream name becomes a path that names it again and stays below its folder', () => {
  fc.assert(
    fc.property(stream, extension, fc.boolean(), (name, ending, foldCase) => {
      const path = pathOfStream(name, ending, foldCase);
      assert.equal(streamOfPath(path), name);
      for (const part of path.split('/')) {
        assert.match(part, /^[^.]/u, `"${path}" has a level that is empty or starts with a dot`);
        assert.ok(Buffer.byteLength(part) <= 210, `"${part}" is too long for a file name`);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
        assert.doesNotMatch(part, /[\u0000-\u001f\\:*?"<>|]/);
        if (foldCase) assert.doesNotMatch(part.replace(/%[0-9A-F]{2}/g, ''), /[A-Z\u0080-\uffff]/);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('plain names stay as they are, whatever the format', () => {
  for (const name of ['car/44/imu', 'Team A/Auto-7/Öl temp', 'v1.2', 'a=b/x_y']) {
    assert.equal(pathOfStream(name, '.jsonl', false), name);
  }
  assert.equal(pathOfStream('car/../../etc', '.jsonl', false), 'car/%2E%2E/%2E%2E/etc'.replaceAll('%2E%2E', '%2E%2E'));
});

test('no stream takes the path of another one or of another one’s numbered part', () => {
  const file = (name: string, ending: string): string => pathOfStream(name, ending, false) + ending;
  assert.notEqual(file('a.2', '.csv'), 'a.2.csv');
  assert.ok(!file('a.jsonl/b', '.jsonl').startsWith('a.jsonl/'));
  assert.ok(!pathOfStream('.pitwall/x', '', false).startsWith('.pitwall'));
  assert.ok(!pathOfStream('a/partition=0', '', false).startsWith('a/partition=0'));
});
