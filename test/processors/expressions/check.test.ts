import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Schema } from '../../../columnar/schema.js';
import { checkExpression } from '../../../processors/expressions/check.js';
import { ExpressionError, type ExpressionFault } from '../../../processors/expressions/fault.js';
import { FUNCTIONS } from '../../../processors/expressions/functions.js';
import { parseExpression } from '../../../processors/expressions/parser.js';
import { schemaOf } from '../telemetry.js';

const CAR = schemaOf(
  ['speed', 'f64'],
  ['oil_temp', 'i16', 0.1],
  ['gps.lat', 'f64'],
  ['wet', 'bool'],
  ['driver', 'utf8'],
);

function faultOf(text: string, schema: Schema | null = CAR): ExpressionFault {
  try {
    const { faults } = checkExpression(parseExpression(text), schema);
    assert.equal(faults.length, 1, `${text}: ${JSON.stringify(faults)}`);
    return faults[0]!;
  } catch (error) {
    if (error instanceof ExpressionError) return error.fault;
    throw error;
  }
}

test('an unknown column is pointed at, and the one that was meant is named', () => {
  const fault = faultOf('speed * 3.6 > 5 and oil_tmep > 130');
  assert.deepEqual(fault, {
    at: 20,
    length: 8,
    message: 'unknown column oil_tmep; did you mean oil_temp?',
    suggestion: 'oil_temp',
  });
  assert.equal(faultOf('gps.lon > 0').suggestion, 'gps.lat');
  assert.equal(faultOf('completely_else > 0').suggestion, null);
});

test('every fault marks the part of the text that is wrong', () => {
  const expected: [text: string, marked: string, message: RegExp][] = [
    ['speed +', '', /ends where a value/],
    ['', '', /empty/],
    ['speed speed', 'speed', /stands where the end or an operator/],
    ['(speed', '', /ends where "\)"/],
    ['speed > 5 && wet', '&&', /written and/],
    ['!wet', '!', /written not/],
    ['speed ** 2', '**', /written \^/],
    ['5s > speed', '5s', /units/],
    ['1 < speed < 5', '<', /do not chain/],
    ["driver = 'max", "'max", /never closed/],
    ['speed # 2', '#', /no meaning/],
    ['sqroot(speed)', 'sqroot', /did you mean sqrt/],
    ['sqrt(speed, 2)', 'sqrt(speed, 2)', /takes 1 values, not 2/],
    ['driver * 2', 'driver', /needs a number, and this is a text/],
    ["driver + 'x'", "driver + 'x'", /concat/],
    ['wet and speed', 'speed', /needs true or false.*compare/],
    ['speed = driver', 'driver', /one type/],
    ['wet < true', 'wet < true', /no meaning for true and false/],
    ['speed = null', 'speed = null', /is null/],
    ["if(wet, 1, 'a')", "'a'", /one type/],
    ['lower(speed)', 'speed', /needs a text/],
    ['speed is 5', '5', /null should stand/],
    ['``', '``', /empty/],
  ];
  for (const [text, marked, message] of expected) {
    const { at, length, message: said } = faultOf(text);
    assert.match(said, message, text);
    if (marked !== '') assert.equal(text.slice(at, at + length), marked, text);
  }
});

test('names with dots, letters of any script, and anything in backticks are columns', () => {
  const schema = schemaOf(['gps.lat', 'f64'], ['öl', 'f64'], ['oil temp [°C]', 'f64'], ['and', 'bool'], ['min', 'f64']);
  for (const text of ['gps.lat > 1', 'öl * 2 > 1', '`oil temp [°C]` > 1', '`and` or false', 'min + min(min, 2) > 1']) {
    assert.deepEqual(checkExpression(parseExpression(text), schema), { type: 'bool', faults: [] }, text);
  }
});

test('without a schema every column fits, but what is wrong in itself is still found', () => {
  assert.deepEqual(checkExpression(parseExpression('anything * 3.6'), null), { type: 'number', faults: [] });
  assert.equal(checkExpression(parseExpression('anything'), null).type, 'unknown');
  assert.match(faultOf("'a' * 2", null).message, /needs a number/);
});

test('the type of an expression is told', () => {
  const types = {
    'speed * 2': 'number',
    'speed > 2': 'bool',
    'upper(driver)': 'text',
    null: 'null',
    'if(wet, null, 2)': 'number',
  };
  for (const [text, type] of Object.entries(types)) {
    assert.deepEqual(checkExpression(parseExpression(text), CAR), { type, faults: [] }, text);
  }
});

test('an expression longer than anyone writes is refused, not run into the stack', () => {
  assert.match(faultOf('('.repeat(5000)).message, /limit/);
  assert.match(faultOf(Array(2000).fill('1').join('+')).message, /limit/);
  assert.equal(checkExpression(parseExpression(Array(490).fill('speed').join('+')), CAR).type, 'number');
});

test('the reference names every function with the number of values it takes, and no other', () => {
  const docs = readFileSync(new URL('../../../../docs/processors.md', import.meta.url), 'utf8');
  const table = docs.slice(docs.indexOf('| functions |'), docs.indexOf('**Types.**'));
  const documented = [...table.matchAll(/`(\w+)\(([^)]*)\)`/g)].map(([, name, args]) => {
    const list = args!.split(', ');
    return [name!, list.filter((arg) => arg !== '…').length, list.includes('…')];
  });
  const actual = Object.entries(FUNCTIONS).map(([name, { args, more }]) => [name, args.length, more === true]);
  assert.deepEqual(documented.sort(), actual.sort());
});
