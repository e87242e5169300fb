import { DEAD_LETTERS_TOPIC } from '../../bus/bus.js';
import { GrowingTimes } from '../../core/growing-times.js';
import { decodeDeadLetter } from '../../schemas/dead-letter.js';
import { closeAll, openTopic } from '../bus-reader.js';
import type { Config } from '../config/config.js';
import { isRefusedBy } from '../lanes/branch-letters.js';

const READ_BYTES = 1024 * 1024;

/** Event times of the rows that the store of a branch has refused, by stream, as the dead letters have them, in its unit of time. */
export async function refusedTimes(config: Config, branch: string, unitUs: number): Promise<Map<string, GrowingTimes>> {
  const times = new Map<string, GrowingTimes>();
  const seen = new Set<string>();
  const open = await openTopic(config, DEAD_LETTERS_TOPIC);
  try {
    for (const { bus, topic, partition } of open) {
      const end = await bus.end(topic, partition);
      for (let offset = await bus.start(topic, partition); offset < end; ) {
        const run = await bus.read(topic, partition, offset, READ_BYTES);
        if (run.next === offset && run.records.length === 0) break;
        offset = run.next;
        for (const record of run.records) {
          if (!isRefusedBy(branch, record)) continue;
          const { writer, sequence, value, stream } = record;
          // After a crash a letter may stand twice.
          const origin = JSON.stringify([partition, writer, sequence]);
          if (seen.has(origin)) continue;
          seen.add(origin);
          const { t } = JSON.parse(decodeDeadLetter(value).original.toString()) as { t: number };
          if (!times.has(stream)) times.set(stream, new GrowingTimes());
          times.get(stream)!.push(Math.floor(t / unitUs) * unitUs);
        }
      }
    }
  } finally {
    await closeAll(open);
  }
  return times;
}
