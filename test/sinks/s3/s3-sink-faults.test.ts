import { sinkFaultContract } from '../../contract/sink-faults.js';
import { s3 } from '../../servers/s3-server.js';

sinkFaultContract({
  title: 's3 sink, parquet',
  needs: await s3.needsShared(),
  protocol: 'http',
  target: async () => {
    const { hostname, port } = new URL((await s3.shared()).endpoint);
    return { host: hostname, port: Number(port) };
  },
  behind: async (host, timeoutMs) => (await import('./under-test.js')).parquetBehind(host, timeoutMs),
});
