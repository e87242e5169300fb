import { sinkFaultContract } from '../../contract/sink-faults.js';
import { mongodb } from '../../servers/mongodb-server.js';

/** The contract of faults, for a mode of the sink. */
export async function mongodbFaults(mode: 'insert' | 'bucket'): Promise<void> {
  sinkFaultContract({
    title: `mongodb sink, ${mode}`,
    needs: await mongodb.needsShared(),
    protocol: 'tcp',
    target: async () => {
      const [host, port] = /\/\/([^/:]+):(\d+)/.exec((await mongodb.shared()).url)!.slice(1) as [string, string];
      return { host, port: Number(port) };
    },
    behind: async (host, timeoutMs) => (await import('./under-test.js')).behind(mode, host, timeoutMs),
  });
}
