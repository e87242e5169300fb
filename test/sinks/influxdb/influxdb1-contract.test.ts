import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';

const needs = await influxdb1.needsShared();
if (needs.skip) test('influxdb 1 sink', needs, () => {});
else {
  process.env.PITWALL_TEST_INFLUXDB1 = (await influxdb1.shared()).url;
  sinkContract({
    title: 'influxdb 1 sink',
    under: (await import('./under-test-1.js')).influxdb,
    module: new URL('./under-test-1.js', import.meta.url).href,
    exportName: 'influxdb',
    descriptorsMax: 30,
  });
}
