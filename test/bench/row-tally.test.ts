import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowTally } from '../../bench/sinks/row-tally.js';
import { SinkRecords, STREAMS } from '../../bench/sinks/sink-records.js';

const ROWS = 100;
/** Of each stream. */
const RECORDS = 3;

function tallied(spanUs?: number): { tally: RowTally; startUs: number; stream: string } {
  const records = new SinkRecords(ROWS);
  const tally = new RowTally(ROWS * RECORDS, spanUs);
  for (let i = 0; i < STREAMS * RECORDS; i++) {
    const { stream, timeUs } = records.at(i).batch;
    for (const us of timeUs) tally.add(stream, us);
  }
  const { batch } = records.at(0);
  return { tally, startUs: batch.timeUs[0]!, stream: batch.stream };
}

const ALL = STREAMS * ROWS * RECORDS;

test('all rows of the records are expected, each once', () => {
  assert.deepEqual(tallied().tally.result(), { stored: ALL, lost: 0, duplicated: 0 });
  assert.deepEqual(tallied(2_000_000).tally.result(), { stored: ALL, lost: 0, duplicated: 0 });
});

test('a row that is missing is lost, though another one is there twice', () => {
  const { tally, startUs, stream } = tallied();
  tally.add(stream, startUs, -1);
  tally.add(stream, startUs + 10_000);
  assert.deepEqual(tally.result(), { stored: ALL, lost: 1, duplicated: 1 });
});

test('rows of other streams and other times count as duplicated', () => {
  const { tally, startUs, stream } = tallied();
  tally.add('car/99/imu', startUs);
  tally.add(stream, startUs - 10_000, 2);
  assert.deepEqual(tally.result(), { stored: ALL + 3, lost: 0, duplicated: 3 });
});

test('records have offsets without gaps in each partition, and rows that differ from those of a record before', () => {
  const records = new SinkRecords(ROWS);
  const next = new Map<number, number>();
  for (let i = 0; i < STREAMS * RECORDS; i++) {
    const { partition, offset } = records.at(i);
    assert.equal(offset, next.get(partition) ?? 0);
    next.set(partition, offset + 1);
  }
  const [first, later] = [records.at(0).batch, records.at(STREAMS).batch];
  assert.equal(first.stream, later.stream);
  assert.notDeepEqual(first.columns[0]!.values, later.columns[0]!.values);
});
