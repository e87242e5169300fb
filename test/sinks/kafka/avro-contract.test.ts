import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { needsSharedKafka, shareKafka } from '../../servers/kafka-server.js';

if (needsSharedKafka().skip) test('kafka sink, avro batches', needsSharedKafka(), () => {});
else {
  Object.assign(process.env, await shareKafka());
  const { avroBatch } = await import('./under-test.js');
  sinkContract({
    title: 'kafka sink, avro batches',
    under: avroBatch,
    module: new URL('./under-test.js', import.meta.url).href,
    exportName: 'avroBatch',
    descriptorsMax: 30,
  });
}
