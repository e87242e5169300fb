import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DELIVERY_DEFAULTS, type OnRefused } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import type { RefusedRow } from '../../../sinks/delivery/store.js';
import { makeStore } from '../../../sinks/mongodb/make-store.js';
import type { MongodbSinkOptions } from '../../../sinks/mongodb/mongodb-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { tempDir } from '../../support/temp-dir.js';

export interface StartedSink {
  sink: DeliverySink<unknown>;
  letters: RefusedRow[];
  /** Writes and waits until all is in the store. */
  store(...records: SinkBatch[]): Promise<void>;
}

export interface SinkSpec {
  options: MongodbSinkOptions;
  onError?: OnRefused;
  rows?: number;
  timeoutMs?: number;
  /** Of the positions; a new one without it. */
  folder?: string;
}

/** A sink that is not open yet, for a test that ends with it. */
export function makeSink(t: TestContext, spec: SinkSpec): StartedSink {
  const { options, onError = 'stop', rows = 10_000, timeoutMs = 10_000, folder = tempDir('mongodb-sink') } = spec;
  const letters: RefusedRow[] = [];
  const delivery = { ...DELIVERY_DEFAULTS, batch: { ...DELIVERY_DEFAULTS.batch, rows }, timeoutMs, onError };
  const keeper = new JournalKeeper(join(folder, 'state'));
  const sink = new DeliverySink<unknown>('laps', makeStore(options), keeper, delivery, async (refused) => {
    letters.push(...refused);
  });
  t.after(() => sink.close());
  return {
    sink,
    letters,
    async store(...records) {
      await sink.write(records);
      await sink.flush(true);
    },
  };
}

export async function startSink(t: TestContext, spec: SinkSpec): Promise<StartedSink> {
  const started = makeSink(t, spec);
  await started.sink.open();
  return started;
}
