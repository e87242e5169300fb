import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAggregate } from '../../../processors/aggregates/aggregate-set.js';
import { checkExpression } from '../../../processors/expressions/check.js';
import { ExpressionError } from '../../../processors/expressions/fault.js';
import { parseExpression } from '../../../processors/expressions/parser.js';
import { type Row, schemaOf } from '../telemetry.js';
import { batch, setOf } from './telemetry.js';

const CAR = schemaOf(['speed', 'f64'], ['oil_temp', 'i16', 0.1], ['wet', 'bool'], ['driver', 'utf8'], ['lat', 'f64']);

test('every fault marks the part of the text that is wrong, and says what to do', () => {
  const expected: [text: string, marked: string, message: RegExp][] = [
    [
      'speed',
      'speed',
      /^speed is a value of each row; wrap it in an aggregate such as mean\(speed\) or last\(speed\)$/,
    ],
    ['max(speed) - speed', 'speed', /value of each row/],
    ['count() / timeUs', 'timeUs', /value of each row; .* last\(timeUs\)/],
    ['max(speed, lat)', 'speed', /value of each row/],
    ['5 * 2', '5 * 2', /use an aggregate such as mean\(x\) or count\(\)/],
    ['mean(max(speed))', 'max(speed)', /max\(speed\) is inside mean/],
    ['sqrt(mean(abs(count(speed))))', 'count(speed)', /inside mean/],
    ['maen(speed)', 'maen', /did you mean mean\?/],
    ['mean(sqroot(speed))', 'sqroot', /did you mean sqrt\?/],
    ['mean()', 'mean()', /mean\(x\) takes 1 value, not 0/],
    ['count(speed, lat)', 'count(speed, lat)', /count\(x\) takes 0 or 1 values, not 2/],
    ['min()', 'min()', /min\(x\) takes 1 value, not 0/],
    ['quantile(speed)', 'quantile(speed)', /quantile\(x, q\) takes 2 values, not 1/],
    ['quantile(speed, 95)', '95', /q of quantile\(x, q\) is one number .* 0 to 1/],
    ['quantile(speed, lat)', 'lat', /one number for all rows/],
    ['quantile(speed, max(lat))', 'max(lat)', /one number for all rows/],
    ["quantile(speed, 'a')", "'a'", /one number for all rows/],
    ['mean(spead)', 'spead', /unknown column spead; did you mean speed\?/],
    ['mean(driver)', 'driver', /mean needs a number, and this is a text/],
    ['1 + median(lower(driver))', 'lower(driver)', /median needs a number/],
    ['max(driver) * 2', 'max(driver)', /needs a number, and this is a text/],
    ['distance(lat, driver)', 'driver', /distance needs a number/],
    ['mean(speed', '', /ends where "\)"/],
    ['mean(null)', 'mean(null)', /nothing but null/],
  ];
  for (const [text, marked, message] of expected) {
    const { field, faults } = checkAggregate(text, CAR);
    assert.equal(faults.length, 1, `${text}: ${JSON.stringify(faults)}`);
    const { at, length, message: said } = faults[0]!;
    assert.match(said, message, text);
    if (marked !== '') assert.equal(text.slice(at, at + length), marked, text);
    assert.equal(field, null, text);
  }
  assert.equal(checkAggregate('mean(spead)', CAR).faults[0]!.suggestion, 'speed');
});

test('the field that comes out is known where the columns are', () => {
  const types: Record<string, string> = {
    'count()': 'f64',
    'max(oil_temp)': 'f64',
    'last(driver)': 'utf8',
    'concat(first(driver), last(driver))': 'utf8',
    'min(wet)': 'bool',
    'mean(wet)': 'f64',
    'max(speed) > 5 and count() > 10': 'bool',
    'max(min(speed, lat))': 'f64',
    'max(max(speed), 0)': 'f64',
    'distinct(driver)': 'f64',
    'last(timeUs) - first(timeUs)': 'f64',
    "if(count() > 0, last(driver), 'none')": 'utf8',
  };
  for (const [text, type] of Object.entries(types)) {
    const { field, faults } = checkAggregate(text, CAR);
    assert.deepEqual([faults, field?.type, field?.scale], [[], type, 1], text);
    const set = setOf({ v: text });
    const row: Row = { timeUs: 1, speed: 1, oil_temp: 3, wet: true, driver: 'a', lat: 2 };
    const accumulator = set.create();
    accumulator.add(set.inputs(batch([row], CAR)), 0, 1);
    assert.equal(set.results([accumulator]).fields[0]!.type, type, `${text}, as it runs`);
  }
});

test('where the columns are not known, only what cannot be right is a fault', () => {
  assert.deepEqual(checkAggregate('mean(anything) * 3.6', null), { field: null, faults: [] });
  assert.match(checkAggregate('mean(lower(anything))', null).faults[0]!.message, /needs a number/);
  assert.match(checkAggregate('anything', null).faults[0]!.message, /value of each row/);
  assert.match(checkAggregate("count() + 'a'", null).faults[0]!.message, /adds numbers/);
});

test('an expression of a row that calls an aggregate says where that belongs', () => {
  assert.throws(
    () => parseExpression('speed - mean(speed)'),
    (error: unknown) => {
      assert.ok(error instanceof ExpressionError);
      assert.equal(error.fault.message, 'mean takes values of many rows; it belongs in a window or rolling step');
      assert.deepEqual([error.fault.at, error.fault.length], [8, 4]);
      return true;
    },
  );
  const { faults } = checkExpression(parseExpression('max(speed)'), CAR);
  assert.match(faults[0]!.message, /takes 2 or more values, not 1; max over many rows belongs in a window or rolling/);
  assert.deepEqual(checkExpression(parseExpression('max(speed, 0)'), CAR), { type: 'number', faults: [] });
});

test('a step says which of its columns cannot be parsed, and where', () => {
  assert.throws(
    () => setOf({ n: 'count()', top: 'max(speed) - speed' }),
    /^PitwallError: processor p, steps\[2\]: window\.aggregate\.top: "max\(speed\) - speed", at character 14: speed is a value of each row/,
  );
});

test('a step says for which rows its columns do not fit', () => {
  const set = setOf({ n: 'count(v)', top: 'mean(v)', later: 'max(v) * 2' });
  assert.throws(
    () => set.inputs(batch([{ timeUs: 0, v: 'a' }], schemaOf(['v', 'utf8']))),
    /steps\[2\]: window\.aggregate\.top: "mean\(v\)" for the rows of car\/1\/imu, at character 6: mean needs a number/,
  );
  const outer = setOf({ later: 'max(v) * 2' });
  const accumulator = outer.create();
  accumulator.add(outer.inputs(batch([{ timeUs: 0, v: 'a' }], schemaOf(['v', 'utf8']))), 0, 1);
  assert.throws(
    () => outer.results([accumulator]),
    /window\.aggregate\.later: "max\(v\) \* 2", at character 1: \* needs/,
  );
});

test('equal calls are kept once, and so is what calls have in common', () => {
  const sizeOf = (columns: Record<string, string>) => setOf(columns).create().save().length;
  const once = sizeOf({ a: 'mean(speed)' });
  assert.equal(sizeOf({ a: 'mean(speed)', b: 'sum( speed )', c: 'mean(speed) * 3.6' }), once);
  assert.ok(sizeOf({ a: 'mean(speed)', b: 'mean(lat)' }) > once);
});
