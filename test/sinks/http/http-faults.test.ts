import { sinkFaultContract } from '../../contract/sink-faults.js';
import { jsonlBehind, origin } from './under-test.js';

sinkFaultContract({
  title: 'http sink, jsonl and gzip',
  protocol: 'http',
  target: async () => {
    const { hostname, port } = new URL(origin);
    return { host: hostname, port: Number(port) };
  },
  behind: async (host, timeoutMs) => jsonlBehind(host, timeoutMs),
});
