import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { field, Schema } from '../../../columnar/schema.js';
import { patternFault, StreamPattern } from '../../../core/stream-pattern.js';
import { covers } from '../../../pipeline/config/covers.js';
import { type DeclaredColumns, knownColumns } from '../../../pipeline/config/known-columns.js';

const LEVELS = ['a', 'b', '+', '{x}', '{y}'];
const pattern = fc
  .tuple(fc.array(fc.constantFrom(...LEVELS), { maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  .filter((text) => patternFault(text) === null);

/** All names of up to five levels of three words, one of which no pattern names. */
const names: string[] = [];
for (let prefixes = ['']; names.length < 363; ) {
  prefixes = prefixes.flatMap((prefix) => ['a', 'b', 'c'].map((word) => (prefix ? `${prefix}/${word}` : word)));
  names.push(...prefixes);
}

const matching = new Map<string, readonly string[]>();

function namesOf(text: string): readonly string[] {
  let found = matching.get(text);
  if (!found) {
    const each = new StreamPattern(text);
    matching.set(text, (found = names.filter((name) => each.matches(name))));
  }
  return found;
}

test('A pattern covers another exactly when it matches all streams of it.', () => {
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      const all = new Set(namesOf(a));
      assert.equal(
        covers(a, b),
        namesOf(b).every((name) => all.has(name)),
        `${a} ${b}`,
      );
    }),
    { numRuns: 2000 },
  );
});

const schemaOf = (...columns: string[]) => new Schema(columns.map((name) => field(name, 'f64')));
const namesIn = (schema: Schema | null) => schema?.fields.map(({ name }) => name).join(' ') ?? null;

/** What the gateway does with a stream: each of its rules is that of the first declared pattern which has one. */
function columnsOf(declared: readonly DeclaredColumns[], stream: string): string | null {
  const matching = declared.filter((each) => new StreamPattern(each.pattern).matches(stream));
  const schema = matching.find((each) => each.schema !== null)?.schema as Schema | undefined;
  if (!schema) return null;
  const rule = matching.find((each) => each.timeField !== null)?.timeField;
  const columns = schema.fields.map(({ name }) => name);
  const time = rule ?? ['t', 'ts', 'time', 'timestamp'].find((name) => columns.includes(name));
  return columns.filter((name) => name !== time).join(' ');
}

test('Columns that are known of a pattern are those of all its streams, and those of one whole declaration are known.', () => {
  const declaration = fc.record({
    pattern,
    timeField: fc.constantFrom(null, null, 'ts', 'stamp'),
    schema: fc.constantFrom(null, schemaOf('t', 'ax'), schemaOf('ts', 't', 'ax'), schemaOf('stamp', 'ax')),
  });
  let known = 0;
  fc.assert(
    fc.property(fc.array(declaration, { maxLength: 4 }), pattern, (declared, text) => {
      const columns = namesIn(knownColumns(declared, text));
      const all = new Set(namesOf(text).map((name) => columnsOf(declared, name)));
      if (columns !== null) {
        known++;
        assert.deepEqual([...all], [columns]);
      }
      const [first] = declared;
      const alone = first !== undefined && first.schema !== null && first.timeField !== null;
      if (alone && covers(first.pattern, text)) assert.ok(columns !== null);
    }),
    { numRuns: 2000 },
  );
  assert.ok(known > 100);
});

test('Of declared patterns the first that matches counts; what covers too little or contradicts makes columns unknown.', () => {
  const [one, two] = [schemaOf('t', 'ax'), schemaOf('t', 'ay')];
  const of = (text: string, ...declared: [string, Schema | null, string?][]) =>
    namesIn(
      knownColumns(
        declared.map(([each, schema, timeField = null]) => ({ pattern: each, schema, timeField })),
        text,
      ),
    );
  assert.equal(of('car/{n}/imu', ['car/+/imu', one]), 'ax');
  assert.equal(of('car/44/imu', ['car/{car}/imu', one]), 'ax');
  assert.equal(of('car/44/imu', ['car/44/imu', two], ['car/{car}/imu', one]), 'ay');
  assert.equal(of('car/{car}/imu', ['car/44/imu', two], ['car/{car}/imu', one]), null);
  assert.equal(of('car/{car}/imu', ['car/44/imu', one], ['car/{car}/imu', one]), 'ax');
  assert.equal(of('car/{car}/imu', ['car/{car}/imu', one], ['car/44/imu', two]), 'ax');
  assert.equal(of('car/#', ['car/{car}/imu', one]), null);
  assert.equal(of('car/{car}/gps', ['car/{car}/imu', one]), null);
  assert.equal(of('car/{car}/imu', ['car/#', null, 'ax'], ['car/{car}/imu', one]), 't');
  assert.equal(of('car/{car}/imu', ['car/44/#', null, 'ax'], ['car/{car}/imu', one]), null);
  assert.equal(of('car/{car}/imu', ['car/{car}/imu', schemaOf('t', 'time')]), 'time');
});
