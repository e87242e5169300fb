import { test } from 'node:test';
import { BENCH_CASES } from '../../bench/run-bench.js';
import { assertReported } from './assert-reported.js';

/** They have tests of their own. */
const OF_SERVERS = ['kafka', 'sinks'];

test('every case runs quickly, reports what the contract asks for, loses nothing and leaves nothing behind', () =>
  assertReported(BENCH_CASES.map(({ name }) => name).filter((name) => !OF_SERVERS.includes(name))));
