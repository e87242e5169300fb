import assert from 'node:assert/strict';
import { StoreFault } from '../../../sinks/delivery/store-fault.js';

/** Whether an error is a fault of the setup, and what it says. */
export function setup(says: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreFault);
    assert.equal(error.kind, 'setup');
    assert.match(error.message, says);
    return true;
  };
}
