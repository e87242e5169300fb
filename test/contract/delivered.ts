import { join } from 'node:path';
import { completedStore, type ModuleStore } from '../../pipeline/sink-module.js';
import { DELIVERY_DEFAULTS } from '../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../sinks/delivery/journal-keeper.js';
import type { Sink } from '../../sinks/sink.js';

/** A store of requests as the contract takes it: with what delivers to it, in small requests, and its positions in `folder`. */
export function delivered<Request>(
  store: ModuleStore<Request>,
  folder: string,
  timeoutMs: number = DELIVERY_DEFAULTS.timeoutMs,
): Sink {
  const options = { ...DELIVERY_DEFAULTS, timeoutMs, batch: { rows: 500, bytes: 100_000, everyMs: 100 } };
  const keeper = new JournalKeeper(join(folder, 'state'));
  return new DeliverySink('under-test', completedStore(store, 'under-test.js'), keeper, options, async () => {});
}
