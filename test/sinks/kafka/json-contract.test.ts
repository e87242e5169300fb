import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { needsSharedKafka, shareKafka } from '../../servers/kafka-server.js';

if (needsSharedKafka().skip) test('kafka sink, json', needsSharedKafka(), () => {});
else {
  Object.assign(process.env, await shareKafka());
  const { json } = await import('./under-test.js');
  sinkContract({
    title: 'kafka sink, json',
    under: json,
    module: new URL('./under-test.js', import.meta.url).href,
    exportName: 'json',
    descriptorsMax: 30,
  });
}
