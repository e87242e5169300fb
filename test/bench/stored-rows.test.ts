import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { countStoredRows } from '../../bench/stored-rows.js';
import { TELEMETRY_TOPIC } from '../../bus/bus.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { field, Schema } from '../../columnar/schema.js';
import { pack } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';

const SCHEMA = new Schema([field('a', 'f64')]);

/** A log with one record a list of times, in partition 0 and 1 in turn. */
async function logOf(t: TestContext, stream: string, records: readonly number[][]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pitwall-stored-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const bus = LogBus.open({ dir, partitions: 2 });
  const commit = bus.begin();
  commit.addSchema(SCHEMA);
  records.forEach((times, i) => {
    const timeUs = Float64Array.from(times);
    const columns = [{ values: new Float64Array(times.length), nulls: null, dictionary: null }];
    const packed = pack({ stream, schema: SCHEMA, rows: times.length, timeUs, columns });
    const meta = { kind: 'data' as const, key: 'k', stream, receivedUs: 1, writer: 'w', sequence: i + 1, tags: '' };
    const value = {
      bytesMax: packedBytesMax(packed),
      write: (target: Buffer, at: number) => writePacked(packed, target, at),
    };
    commit.append(TELEMETRY_TOPIC, i % 2, meta, value);
  });
  await commit.commit();
  await bus.close();
  return dir;
}

test('stored, lost and doubled rows are counted by stream and time', async (t) => {
  const dir = await logOf(t, 'car/1/imu', [
    [1000, 1100, 1200],
    [1300, 1450],
    [1200, 1500],
  ]);
  const expected = [{ stream: 'car/1/imu', firstUs: 1000, stepUs: 100, rows: 7 }];
  // 1450 is on no step, 1200 is there twice, 1400 and 1600 are missing.
  assert.deepEqual(await countStoredRows(dir, expected), { stored: 7, lost: 2, duplicated: 2 });
});

test('a complete log has neither, also over two ranges of one stream', async (t) => {
  const dir = await logOf(t, 's', [[10, 20, 30], [40], [1000, 1100]]);
  const expected = [
    { stream: 's', firstUs: 10, stepUs: 10, rows: 4 },
    { stream: 's', firstUs: 1000, stepUs: 100, rows: 2 },
  ];
  assert.deepEqual(await countStoredRows(dir, expected), { stored: 6, lost: 0, duplicated: 0 });
});

test('rows of a stream nobody sent are surplus', async (t) => {
  const dir = await logOf(t, 'other', [[10, 20]]);
  const expected = [{ stream: 's', firstUs: 10, stepUs: 10, rows: 2 }];
  assert.deepEqual(await countStoredRows(dir, expected), { stored: 2, lost: 2, duplicated: 2 });
});
