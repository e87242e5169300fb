import { type BusRecord, DEAD_LETTERS_TOPIC } from '../../bus/bus.js';
import { closeAll, openSpool, openTopic } from '../bus-reader.js';
import type { Config } from '../config/config.js';
import { SeenOrigins } from '../seen-origins.js';

const READ_BYTES = 1024 * 1024;

/** All dead letters, each once, also those that wait in the spool. A value is valid until the next one is asked for. */
export async function* letterRecords(config: Config): AsyncIterable<BusRecord> {
  const open = [...(await openTopic(config, DEAD_LETTERS_TOPIC)), ...openSpool(config, DEAD_LETTERS_TOPIC)];
  // After a crash a letter may stand twice, and in the spool there may be some that Kafka has.
  const seen = Array.from({ length: config.bus.log.partitions }, () => new SeenOrigins());
  try {
    for (const { bus, topic, partition } of open) {
      const end = await bus.end(topic, partition);
      for (let offset = await bus.start(topic, partition); offset < end; ) {
        const run = await bus.read(topic, partition, offset, READ_BYTES);
        if (run.next === offset && run.records.length === 0) break;
        offset = run.next;
        for (const record of run.records) if (seen[partition]!.isNew(record)) yield record;
      }
    }
  } finally {
    await closeAll(open);
  }
}
