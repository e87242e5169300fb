import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeBlocks } from '../../docs/code-blocks.js';
import { s3 } from '../../servers/s3-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { query, TestBucket } from './bucket.js';
import { feed, recordOf, START_US } from './feed.js';

test('The query of the README reads the rows of a day by car and hour.', await s3.needsShared(), async () => {
  const bucket = await new TestBucket(await s3.shared(), 'sink-readme').make();
  const prefix = `${uniqueName('t')}/telemetry`;
  const day = START_US - (START_US % 86_400e6);
  const records = ['44', '63'].map((car, offset) => {
    const times = [day + 13 * 3600e6, day + 14 * 3600e6, day + 14 * 3600e6 + 1, day + 86_400e6];
    return recordOf(offset, `car/${car}/imu`, times, { 'ax f64': [1, 2, 3, offset] }, { tags: { car } });
  });
  await feed(bucket.options(prefix), records);
  const [sql] = codeBlocks('sinks/s3/README.md', 'sql');
  const [, select] = /^(?:INSTALL|CREATE) .*\n[\s\S]*^(SELECT[\s\S]*)/m.exec(sql!)!;
  const rows = await bucket.downloaded(prefix, (folder) =>
    query(select!.replace('s3://raw/telemetry', `${folder}/${prefix}`)),
  );
  assert.deepEqual(rows, [
    { car: '44', hour: '13', rows: 1n, most: 1 },
    { car: '44', hour: '14', rows: 2n, most: 3 },
    { car: '63', hour: '13', rows: 1n, most: 1 },
    { car: '63', hour: '14', rows: 2n, most: 3 },
  ]);
});
