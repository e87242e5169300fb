import type { BenchCase, VariantRun } from '../bench-case.js';
import { measureSink } from '../sinks/measure-sink.js';
import { type SinkServer, sinkServer } from '../sinks/sink-servers.js';
import { SINK_VARIANTS, type StoreName } from '../sinks/sink-variant.js';

/** Each sink against its real server, beside a bare client with ready-made bytes. */
export const sinks: BenchCase = {
  name: 'sinks',
  summary: 'records of ten columns into files, InfluxDB, S3 and MongoDB, beside a bare client with ready-made bytes',
  async run(context) {
    const runs: VariantRun[] = [];
    const stores = new Set<StoreName>(SINK_VARIANTS.map(({ store }) => store));
    for (const store of stores) {
      const server = await sinkServer(store, context.quick);
      if (typeof server === 'string') {
        context.log(`sinks: ${store} SKIPPED, there is no server to measure with: ${server}`);
        continue;
      }
      runs.push(...(await intoStore(store, server)));
    }
    return runs;

    async function intoStore(store: StoreName, server: SinkServer): Promise<VariantRun[]> {
      const own: VariantRun[] = [];
      try {
        for (const variant of SINK_VARIANTS) {
          if (variant.store !== store || (context.quick && !variant.isQuick)) continue;
          own.push(await measureSink(context, variant, server.address));
        }
      } finally {
        await server.stop();
      }
      return own;
    }
  },
};
