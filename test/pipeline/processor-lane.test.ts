import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBus } from '../../bus/log/log-bus.js';
import { ByteBudget } from '../../core/byte-budget.js';
import { Logger } from '../../core/logger.js';
import { Intake } from '../../gateway/intake.js';
import { LiveFeed } from '../../gateway/live-feed.js';
import type { Source } from '../../gateway/source.js';
import { StreamDirectory } from '../../gateway/stream-directory.js';
import { BusGatewayStore } from '../../pipeline/bus-gateway-store.js';
import type { LaneReport } from '../../pipeline/lanes/lane.js';
import { ProcessorLane } from '../../pipeline/lanes/processor-lane.js';
import { tempDir } from '../support/temp-dir.js';

const MESSAGES = 60;
const FILLING = 'z'.repeat(100_000);

test('a lane whose output log is full says so instead of waiting, and goes on when its readers have moved', async () => {
  const dir = tempDir('lane');
  const folders = { ingest: join(dir, 'ingest'), processors: join(dir, 'processors'), branches: join(dir, 'branches') };
  const ingest = LogBus.open({ dir: folders.ingest, partitions: 1 });
  const store = new BusGatewayStore(ingest, 'w', 0);
  const intake = new Intake({
    store,
    streams: new StreamDirectory(store, [], true),
    budget: new ByteBudget(1 << 28),
    feed: new LiveFeed(),
    logger: new Logger('error'),
  });
  const device: Source = { client: 'device', lastCut: 0, durable() {}, failed() {} };
  for (let n = 1; n <= MESSAGES; n++) {
    intake.accept(
      device,
      'a/b',
      Buffer.from(JSON.stringify({ t: 1711111111000 + n, n, filling: `${n}${FILLING}` })),
      null,
    );
    await intake.drain(10_000);
  }
  const lane = new ProcessorLane({
    kind: 'processors',
    level: 0,
    modules: [],
    input: 'telemetry',
    kafka: null,
    id: 'processors p partition 0',
    folders,
    partitions: 1,
    declared: [],
    partition: 0,
    plans: [{ name: 'p', from: [{ pattern: 'a/#' }], steps: [{ verb: 'filter', where: 'n > 0' }] }],
    onError: {},
    outputBytesMax: 1024 * 1024,
  });
  await lane.open();
  const step = (offset: number) =>
    Promise.race([
      lane.step([{ topic: 'p', partition: 0, offset }]),
      new Promise<LaneReport>((_resolve, reject) => {
        setTimeout(() => reject(new Error('the step waits for room that only a step can make')), 5_000).unref();
      }),
    ]);
  const output = LogBus.open({ dir: join(folders.processors, 'partition-0'), partitions: 1, readOnly: true });
  let rows = 0;
  let read = 0;
  let pauses = 0;
  while (rows < MESSAGES && pauses < MESSAGES) {
    const report = await step(read);
    rows += report.outputRows;
    if (report.records > 0) continue;
    assert.ok(report.wakeMs !== null, 'it does not look again');
    pauses++;
    // The reader takes what is there: nothing of it may have been dropped.
    const run = output.read('p', 0, read, 1 << 30);
    assert.equal(run.dropped, 0);
    read = run.next;
  }
  assert.equal(rows, MESSAGES);
  assert.ok(pauses > 0, 'the log was never full');
  await output.close();
  await lane.close();
  await ingest.close();
});
