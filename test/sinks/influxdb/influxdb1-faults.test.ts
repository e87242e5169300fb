import { sinkFaultContract } from '../../contract/sink-faults.js';
import { influxdb1 } from '../../servers/influxdb1-server.js';
import { databases1 } from './databases.js';
import { underTestBehind } from './under-test.js';

sinkFaultContract({
  title: 'influxdb 1 sink',
  needs: await influxdb1.needsShared(),
  protocol: 'http',
  target: async () => {
    const { hostname, port } = new URL((await influxdb1.shared()).url);
    return { host: hostname, port: Number(port) };
  },
  behind: async (host, timeoutMs) => underTestBehind(databases1(await influxdb1.shared()), host, timeoutMs),
});
