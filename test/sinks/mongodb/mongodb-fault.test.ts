import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as driver from 'mongodb';
import { StoreFault } from '../../../sinks/delivery/store-fault.js';
import { mongodbFault } from '../../../sinks/mongodb/mongodb-fault.js';

/** Those of connection pools, whose names are not all like the others', are not exported. */
const ofPools = createRequire(import.meta.url)('mongodb/lib/cmap/errors.js') as object;

test('Every error that the driver has is a fault of the store, after which the branch goes on.', () => {
  const classes = Object.values({ ...driver, ...ofPools }).filter(
    (each): each is typeof driver.MongoError =>
      typeof each === 'function' && each.prototype instanceof driver.MongoError,
  );
  assert.ok(classes.length > 30, `${classes.length} classes`);
  for (const each of classes) {
    const error = Object.assign(Object.create(each.prototype) as Error, {
      message: 'out of order',
      errorLabelSet: new Set(),
    });
    const fault = mongodbFault(error);
    assert.ok(fault instanceof StoreFault, each.name);
    assert.equal(fault.retryable, true, each.name);
    if (/Network|Pool|Timeout/.test(each.name)) assert.equal(fault.kind, 'away', each.name);
  }
});

test('What is no error of the driver is a fault of Pitwall.', () => {
  const error = new TypeError('x is not a function');
  assert.equal(mongodbFault(error), error);
});
