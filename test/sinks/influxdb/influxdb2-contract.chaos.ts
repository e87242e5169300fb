import { test } from 'node:test';
import { sinkContract } from '../../contract/sink.js';
import { influxdb2 } from '../../servers/influxdb2-server.js';

const needs = await influxdb2.needsShared();
if (needs.skip) test('influxdb 2 sink', needs, () => {});
else {
  const { url, org, token } = await influxdb2.shared();
  process.env.PITWALL_TEST_INFLUXDB2 = url.replace('//', `//${org}:${token}@`);
  sinkContract({
    title: 'influxdb 2 sink',
    under: (await import('./under-test-2.js')).influxdb,
    module: new URL('./under-test-2.js', import.meta.url).href,
    exportName: 'influxdb',
    descriptorsMax: 30,
  });
}
