import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { mongodb } from '../../servers/mongodb-server.js';

const needed = await mongodb.needsShared();
if (needed.skip) test('mongodb sink, bucket', needed, () => {});
else {
  process.env.PITWALL_TEST_MONGODB = (await mongodb.shared()).url;
  const { bucket } = await import('./under-test.js');
  sinkContract({
    title: 'mongodb sink, bucket',
    under: bucket,
    module: new URL('./under-test.js', import.meta.url).href,
    exportName: 'bucket',
    descriptorsMax: 30,
  });
}
