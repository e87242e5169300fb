import type { SinkUnderTest } from './sink.js';
import { seeded, workload } from './sink-workload.js';

/**
 * The process that is killed: feeds a workload into a sink from wherever the sink says, flushing now and then, and
 * ends by itself when all is stored. Arguments: module and export of the SinkUnderTest, folder, seed, records, and a
 * seed of its own for the sizes it feeds in.
 */
const [module, name, folder, seed, records, ownSeed] = process.argv.slice(2) as string[];
const under = ((await import(module!)) as Record<string, SinkUnderTest>)[name!]!;
const random = seeded(Number(ownSeed));
const sink = await under.make(folder!);
const next = new Map((await sink.open()).map((p) => [p.partition, p.offset]));
const batches = workload(Number(seed), Number(records)).filter((b) => b.offset >= (next.get(b.partition) ?? 0));
process.stdout.write('fed');
for (let at = 0; at < batches.length; ) {
  const count = 1 + Math.floor(random() * 20);
  await sink.write(batches.slice(at, at + count));
  at += count;
  if (random() < 0.2) await sink.flush(random() < 0.1);
  await new Promise((resolve) => setImmediate(resolve));
}
await sink.flush(true);
await sink.close();
