import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { s3 } from '../../servers/s3-server.js';
import { shareS3 } from './shared-s3.js';

const needs = await s3.needsShared();
if (needs.skip) test('s3 sink, jsonl', needs, () => {});
else {
  Object.assign(process.env, await shareS3());
  const { jsonl } = await import('./under-test.js');
  sinkContract({
    title: 's3 sink, jsonl',
    under: jsonl,
    module: new URL('./under-test.js', import.meta.url).href,
    exportName: 'jsonl',
    descriptorsMax: 80,
  });
}
