import { LogBus } from '../../../bus/log/log-bus.js';
import { meta, value } from '../../contract/bus.js';

/**
 * The victim of `kill.test.ts`: `node kill-writer.js DIR [SIZE-BYTES]`. Commits numbered records, number n into
 * partition n % partitions, with the last number as a fact; two commits are in flight. Prints a line with the last
 * number of each commit that is durable.
 */
const [dir, sizeBytes] = process.argv.slice(2) as [string, string | undefined];
const bus = LogBus.open({
  dir,
  partitions: 4,
  sizeBytes: sizeBytes ? Number(sizeBytes) : null,
  whenFull: 'drop-oldest',
});
bus.startRetention();
let next = Number(bus.fact('test', 'last')?.toString() ?? -1) + 1;
let previous: Promise<void> = Promise.resolve();
for (let n = 0; ; n++) {
  const commit = bus.begin();
  const count = 1 + ((n * 7919) % 40);
  for (let i = 0; i < count; i++, next++) {
    const content = Buffer.alloc((next * 104_729) % 4000, next & 255);
    commit.append('telemetry', next % 4, meta(next), value(content));
  }
  const last = next - 1;
  commit.setFact('test', 'last', Buffer.from(String(last)));
  const done = commit.commit().then(() => {
    process.stdout.write(`${last}\n`);
  });
  await previous;
  previous = done;
}
