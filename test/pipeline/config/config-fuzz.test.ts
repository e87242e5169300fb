// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { topKeys } from '../../../pipeline/config/keys/top-keys.js';
import { readText } from './problems-of.js';

const WORDS = [
  ...Object.keys(topKeys),
  ...'mqtt http memory limits auth log dir size retain from steps join with how filter columns select type file path'.split(
    ' ',
  ),
  ...'ack kafka brokers topic tls sasl mechanism plain username password registry url telemetry-{car} t{stream}'.split(
    ' ',
  ),
  ...'a:9092 a:1,b:2 http://a@b:1/?c spool state json avro {a}{b} rows'.split(' '),
  ...'format roll 127.0.0.1:1883 64MiB 5s 10Hz car/{car}/imu # "#" {car} ${HOME} ${A:-b} $$ &a *a << !t | > - ? : , [ ] { }'.split(
    ' ',
  ),
  ...'jsonl none off null true 0x1f -1 .nan \t \u0000 \ufdd0 \ufffd 2024-01-01 __proto__ constructor'.split(' '),
];

/** A text a person might have typed in a hurry: the words of a configuration in wild order and indentation. */
const wildText = fc
  .array(
    fc.tuple(fc.integer({ min: 0, max: 6 }), fc.array(fc.constantFrom(...WORDS, ': ', ' ', '-'), { maxLength: 8 })),
    {
      maxLength: 12,
    },
  )
  .map((lines) => lines.map(([indent, words]) => ' '.repeat(indent) + words.join('')).join('\n'));

const wildValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<unknown>(...WORDS, null, true, 0, -1, 1e300),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...WORDS), tie('value'), { maxKeys: 5 }),
  ),
})).value;

function holds(text: string): void {
  const { config, problems } = readText(text, { HOME: '/home' });
  assert.equal(
    config === null,
    problems.some((problem) => problem.severity === 'error'),
    text,
  );
  const lines = text.split('\n');
  for (const { line, column, message } of problems) {
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${JSON.stringify(text)}`);
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column} of ${JSON.stringify(text)}`);
    assert.doesNotMatch(message, /undefined|\[object|NaN\b|[\ufdd0-\ufdd6]/, text);
  }
}

test('Whatever a text holds, reading it ends in a configuration or in problems at places of the text.', () => {
  fc.assert(fc.property(fc.oneof(wildText, fc.string({ unit: 'binary' }), fc.string()), holds), { numRuns: 3000 });
});

test('Whatever values the keys have, reading them ends in a configuration or in problems at places of the text.', () => {
  const file = fc.dictionary(fc.constantFrom(...Object.keys(topKeys)), wildValue);
  fc.assert(
    fc.property(file, fc.boolean(), (value, flow) =>
      holds(stringify(value, { collectionStyle: flow ? 'flow' : 'any' })),
    ),
    { numRuns: 3000 },
  );
});
