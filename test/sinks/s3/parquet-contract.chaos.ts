import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { s3 } from '../../servers/s3-server.js';
import { shareS3 } from './shared-s3.js';

const needs = await s3.needsShared();
if (needs.skip) test('s3 sink, parquet', needs, () => {});
else {
  Object.assign(process.env, await shareS3());
  const { parquet } = await import('./under-test.js');
  sinkContract({
    title: 's3 sink, parquet',
    under: parquet,
    module: new URL('./under-test.js', import.meta.url).href,
    exportName: 'parquet',
    descriptorsMax: 80,
  });
}
