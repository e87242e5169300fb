import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DELIVERY_DEFAULTS, type DeliveryOptions } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import type { RefusedRow } from '../../../sinks/delivery/store.js';
import type { InfluxdbSinkOptions, InfluxdbTarget } from '../../../sinks/influxdb/influxdb-sink-options.js';
import { InfluxdbStore } from '../../../sinks/influxdb/influxdb-store.js';
import type { SinkBatch, SinkNews } from '../../../sinks/sink.js';

export interface Wanted extends Partial<DeliveryOptions> {
  target: InfluxdbTarget;
  options?: Partial<Omit<InfluxdbSinkOptions, 'target'>>;
  patterns?: readonly string[];
}

export interface Delivered {
  letters: RefusedRow[];
  news: SinkNews;
}

const OPTIONS: Omit<InfluxdbSinkOptions, 'target'> = {
  measurement: null,
  tags: null,
  fields: null,
  precision: 'ns',
  integers: 'auto',
  gzip: true,
};

/** A sink with a folder of its own, closed at the end of the test. */
export function sinkFor(t: TestContext, { target, options, patterns = ['car/{car}/imu'], ...more }: Wanted) {
  const folder = mkdtempSync(join(tmpdir(), 'pitwall-influxdb-'));
  const letters: RefusedRow[] = [];
  const sink = new DeliverySink(
    'live',
    new InfluxdbStore({ ...OPTIONS, ...options, target }, patterns),
    new JournalKeeper(folder),
    { ...DELIVERY_DEFAULTS, ...more },
    async (rows) => {
      letters.push(...rows);
    },
  );
  t.after(async () => {
    await sink.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { sink, letters };
}

/** Feeds records to a new sink until they are stored; throws what it throws. */
export async function deliver(t: TestContext, wanted: Wanted, records: readonly SinkBatch[]): Promise<Delivered> {
  const { sink, letters } = sinkFor(t, wanted);
  await sink.open();
  await sink.write(records);
  await sink.flush(true);
  return { letters, news: sink.news() };
}
