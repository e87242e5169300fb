import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { mongodb } from '../../servers/mongodb-server.js';

const needed = await mongodb.needsShared();
if (needed.skip) test('mongodb sink, insert', needed, () => {});
else {
  process.env.PITWALL_TEST_MONGODB = (await mongodb.shared()).url;
  const { insert } = await import('./under-test.js');
  sinkContract({
    title: 'mongodb sink, insert',
    under: insert,
    module: new URL('./under-test.js', import.meta.url).href,
    exportName: 'insert',
    descriptorsMax: 30,
  });
}
