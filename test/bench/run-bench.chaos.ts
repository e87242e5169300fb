import { test } from 'node:test';
import { BENCH_CASES } from '../../bench/run-bench.js';
import { assertReported } from './assert-reported.js';

/** Has a test of its own. */
const OF_KAFKA = 'kafka';

test('every case runs quickly, reports what the contract asks for, loses nothing and leaves nothing behind', () =>
  assertReported(BENCH_CASES.map(({ name }) => name).filter((name) => name !== OF_KAFKA)));
