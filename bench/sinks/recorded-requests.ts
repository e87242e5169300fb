import { DELIVERY_DEFAULTS, type PositionKeeper } from '../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../sinks/delivery/delivery-sink.js';
import type { Store } from '../../sinks/delivery/store.js';
import type { SinkRecords } from './sink-records.js';

const NO_KEEPER: PositionKeeper = { load: () => [], save: () => {}, close: () => {} };

/** The requests that a sink would send for records `from` to `to` (exclusive), none of which is sent. */
export async function recordedRequests<Request, Kept>(
  store: Store<Request>,
  records: SinkRecords,
  from: number,
  to: number,
  keep: (request: Request) => Kept,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  const recorder: Store<Request> = {
    what: 'recorder',
    inFlightMax: 1,
    open: async () => {},
    builder: (refuse) => store.builder(refuse),
    send: async (request) => {
      kept.push(keep(request));
      return [];
    },
    close: async () => {},
  };
  const batch = { ...DELIVERY_DEFAULTS.batch, everyMs: Number.MAX_SAFE_INTEGER };
  const sink = new DeliverySink('recorder', recorder, NO_KEEPER, { ...DELIVERY_DEFAULTS, batch }, async () => {});
  await sink.open();
  for (let i = from; i < to; i++) await sink.write([records.at(i)]);
  await sink.flush(true);
  await sink.close();
  return kept;
}

/** Does something with each item, so many at a time. */
export async function sideBySide<T>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: count }, worker));
}
