import { test } from 'node:test';
import { lateRowsOnce } from './late-scenario.js';

test('Right rows that came too late are in the second output once each, before and after a kill, and others read them.', (t) =>
  lateRowsOnce(t, '{ log: { dir: ./bus, partitions: 2 } }'));
