import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import type { ColumnType } from '../../columnar/schema.js';
import { recordSchema } from '../../schemas/record-schema.js';

type Columns = [name: string, type: ColumnType][];

const recordOf = (...fields: unknown[]) => ({ type: 'record', name: 'Row', fields });

/** The columns of a record with these fields. */
function columnsOf(...fields: unknown[]): Columns {
  return recordSchema(recordOf(...fields)).fields.map(({ name, type }) => [name, type]);
}

const f = (name: string, type: unknown, more = {}) => ({ name, type, ...more });

test('Each type of Avro that a cell may have is a column, and fields of records have dotted names.', () => {
  const point = { type: 'record', name: 'Point', fields: [f('lat', 'double'), f('lon', ['null', 'double'])] };
  assert.deepEqual(
    columnsOf(
      f('a', 'double'),
      f('b', 'float'),
      f('c', 'long'),
      f('d', 'int'),
      f('e', 'boolean'),
      f('g', 'string'),
      f('h', { type: 'enum', name: 'Tyre', symbols: ['soft', 'hard'] }),
      f('i', { type: 'long', logicalType: 'timestamp-millis' }),
      f('j', { type: 'string', logicalType: 'uuid' }),
      f('gps', point),
    ),
    [
      ['a', 'f64'],
      ['b', 'f32'],
      ['c', 'i64'],
      ['d', 'i32'],
      ['e', 'bool'],
      ['g', 'utf8'],
      ['h', 'utf8'],
      ['i', 'i64'],
      ['j', 'utf8'],
      ['gps.lat', 'f64'],
      ['gps.lon', 'f64'],
    ],
  );
});

test('A union is its type beside null, or the narrowest number that takes all of it.', () => {
  const point = { type: 'record', name: 'Point', fields: [f('lat', 'double')] };
  assert.deepEqual(
    columnsOf(
      f('a', ['null', 'string']),
      f('b', ['float', 'null']),
      f('c', ['int', 'long']),
      f('d', ['null', 'long', 'float']),
      f('e', ['float', 'double']),
      f('gps', ['null', point]),
    ),
    [
      ['a', 'utf8'],
      ['b', 'f32'],
      ['c', 'i64'],
      ['d', 'f64'],
      ['e', 'f64'],
      ['gps.lat', 'f64'],
    ],
  );
});

test('A type may be named again, with its namespace or within it.', () => {
  const wheel = { type: 'record', name: 'Wheel', fields: [f('speed', 'float'), f('tyre', 'Tyre')] };
  const tyre = { type: 'enum', name: 'Tyre', symbols: ['soft'] };
  const fields = [f('now', tyre), f('left', wheel), f('right', 'car.Wheel'), f('next', ['null', 'Tyre'])];
  const schema = recordSchema({ type: 'record', name: 'Row', namespace: 'car', fields });
  assert.deepEqual(
    schema.fields.map(({ name }) => name),
    ['now', 'left.speed', 'left.tyre', 'right.speed', 'right.tyre', 'next'],
  );
});

test('A field with a "column" is the column of that name.', () => {
  assert.deepEqual(
    columnsOf(f('oil_temp', 'int', { column: 'oil temp [C]' }), f('g_lat', 'int', { column: 'g.lat' })),
    [
      ['oil temp [C]', 'i32'],
      ['g.lat', 'i32'],
    ],
  );
});

test('What is no record of columns is refused with the field.', () => {
  const fault = (json: unknown) => {
    try {
      recordSchema(json);
    } catch (error) {
      return (error as Error).message;
    }
    return null;
  };
  const of = (...fields: unknown[]) => fault(recordOf(...fields));
  const noRecord =
    'holds no Avro record; write { "type": "record", "name": "Imu", "fields": [{ "name": "ax", "type": "double" }] }';
  for (const json of [5, null, 'double', [], {}, [recordOf(f('a', 'int'))], { type: 'enum', name: 'A', symbols: [] }]) {
    assert.equal(fault(json), noRecord, JSON.stringify(json));
  }
  assert.equal(fault({ type: 'record', name: 'A' }), 'the record: the record A has no fields');
  assert.equal(
    fault({ type: 'record', fields: [] }),
    'the record: a type of kind record needs a "name" of letters, digits and _',
  );
  assert.equal(of('ax'), 'field 1 has no name');
  assert.equal(
    of(f('gps', recordOf({ type: 'int' }))),
    'field gps: the type "Row" is defined twice; write its name the second time',
  );
  assert.equal(of(f('gps', { ...recordOf({ type: 'int' }), name: 'Gps' })), 'field 1 of gps has no name');
  assert.equal(
    of(f('gps.lat', 'double')),
    'field gps.lat: "gps.lat" is no name in Avro; give it another name, and the real one as "column"; a dotted name is a field of a record',
  );
  assert.equal(of(f('a', 'int', { column: 5 })), 'field a: "column" is the name of the column, a text');
  assert.equal(of({ name: 'ax' }), 'field ax has no type; write { "name": "ax", "type": "double" }');
  assert.equal(of(f('ax', 'flaot')), 'field ax: there is no type "flaot"; did you mean "float"?');
  assert.equal(of(f('ax', 7)), 'field ax: 7 is no type; write a name such as "double"');
  assert.equal(of(f('ax', ['int', ['null', 'int']])), 'field ax: a union holds a union');
  assert.equal(of(f('ax', 'null')), 'field ax could only be null; write ["null", "double"]');
  assert.equal(of(f('ax', ['int', 'string'])), 'field ax is a number or a text, and a column holds one kind');
  assert.equal(
    of(f('ax', ['int', { ...recordOf(f('b', 'int')), name: 'B' }])),
    'field ax is a number or a record, and a column holds one kind',
  );
  assert.equal(
    of(f('x', { type: 'array', items: 'double' })),
    'field x is an array, which no column holds; a list in a row is kept as its JSON text, so make it a string',
  );
  assert.equal(
    of(f('x', ['null', { type: 'map', values: 'double' }])),
    'field x is a map, whose columns are not known; make it a record with a field for each key, or leave the field out',
  );
  for (const type of ['bytes', { type: 'bytes', logicalType: 'decimal' }, { type: 'fixed', name: 'F', size: 4 }]) {
    assert.equal(of(f('x', type)), 'field x is bytes, which no column holds; make it a string, or leave the field out');
  }
  assert.equal(of(f('timeUs', 'long')), 'field timeUs: no column can be called timeUs, the time of the row');
  assert.equal(of(f('a', 'int'), f('a', 'int')), 'field a: the column a stands twice');
  assert.equal(of(f('self', ['null', 'Row'])), 'the record of self holds itself');
  let nested: unknown = 'int';
  for (let i = 0; i < 20; i++) nested = { type: 'record', name: `R${i}`, fields: [f('a', nested)] };
  assert.equal(of(f('a', nested)), `field ${'a.'.repeat(16)}a lies more than 16 levels deep`);
  // Twelve levels of two each are 4,096 columns, in a file of twelve lines.
  let wide: unknown = { type: 'record', name: 'W', fields: [f('a', 'int')] };
  for (let i = 0; i < 12; i++) {
    wide = { type: 'record', name: `W${i}`, fields: [f('a', wide), f('b', i === 0 ? 'W' : `W${i - 1}`)] };
  }
  assert.equal(of(f('a', wide)), 'the record has more than 2048 columns');
});

/** The columns by the types that avsc makes of the same JSON. */
function byAvsc(type: avro.Type, name: string): Columns {
  const inner = type as avro.Type & { fields: { name: string; type: avro.Type }[]; types: avro.Type[] };
  switch (type.typeName) {
    case 'record':
      return inner.fields.flatMap((each) => byAvsc(each.type, name === '' ? each.name : `${name}.${each.name}`));
    case 'union:unwrapped':
    case 'union:wrapped':
      return inner.types.flatMap((each) => (each.typeName === 'null' ? [] : byAvsc(each, name)));
    default: {
      const types: Record<string, ColumnType> = {
        double: 'f64',
        float: 'f32',
        long: 'i64',
        int: 'i32',
        boolean: 'bool',
      };
      return [[name, types[type.typeName] ?? 'utf8']];
    }
  }
}

test('Any nesting of records, unions with null and named types has the columns that avsc finds in it.', () => {
  let names = 0;
  const leaf = fc.oneof(
    fc.constantFrom('double', 'float', 'long', 'int', 'boolean', 'string'),
    fc.constant({ type: 'long', logicalType: 'timestamp-micros' }),
    fc.constant(null).map(() => ({ type: 'enum', name: `E${names++}`, symbols: ['a', 'b'] })),
  );
  const nullable = (type: fc.Arbitrary<unknown>) =>
    fc.tuple(type, fc.constantFrom(0, 1, 2)).map(([each, how]) => [each, ['null', each], [each, 'null']][how]);
  const { record } = fc.letrec((tie) => ({
    type: nullable(fc.oneof({ depthSize: 'small' }, leaf, tie('record'))),
    record: fc.array(tie('type'), { minLength: 1, maxLength: 4 }).map((types) => ({
      type: 'record',
      name: `R${names++}`,
      fields: types.map((type, i) => ({ name: `f${i}`, type })),
    })),
  }));
  fc.assert(
    fc.property(record, (json) => {
      const found: Columns = recordSchema(json).fields.map(({ name, type }) => [name, type]);
      assert.deepEqual(found, byAvsc(avro.Type.forSchema(json as avro.Schema), ''));
    }),
    { numRuns: 300 },
  );
});
