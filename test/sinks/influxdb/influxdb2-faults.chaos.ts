import { sinkFaultContract } from '../../contract/sink-faults.js';
import { influxdb2 } from '../../servers/influxdb2-server.js';
import { databases2 } from './databases.js';
import { underTestBehind } from './under-test.js';

sinkFaultContract({
  title: 'influxdb 2 sink',
  needs: await influxdb2.needsShared(),
  protocol: 'http',
  target: async () => {
    const { hostname, port } = new URL((await influxdb2.shared()).url);
    return { host: hostname, port: Number(port) };
  },
  behind: async (host, timeoutMs) => underTestBehind(databases2(await influxdb2.shared()), host, timeoutMs),
});
