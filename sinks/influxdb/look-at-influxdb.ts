import { StoreFault } from '../delivery/store-fault.js';
import type { StoreLook } from '../store-look.js';
import { InfluxdbClient } from './influxdb-client.js';
import { retention } from './influxdb-queries.js';
import { type InfluxdbSinkOptions, placeText } from './influxdb-sink-options.js';
import { prove } from './influxdb-store.js';

/** Reaches the store as the sink would and writes nothing. Its texts hold no secrets. */
export async function lookAtInfluxdb(options: InfluxdbSinkOptions, timeoutMs: number): Promise<StoreLook> {
  const { target, precision, gzip } = options;
  const client = new InfluxdbClient(target, precision, gzip);
  const signal = AbortSignal.timeout(timeoutMs);
  const what = placeText(target);
  const look: StoreLook = { found: '', warnings: [], faults: [] };
  try {
    const server = await prove(client, options, signal);
    // Before the first rows InfluxDB 3 has no databases, and makes them by itself.
    const can = target.version === 3 ? 'it answers, and takes the token' : 'it is there and can be written';
    look.found = `${what}: ${can}${server === null ? '' : ` (InfluxDB ${server.replace(/^v/, '')})`}`;
    const duration = await retention(target, signal);
    if (duration !== null) {
      look.warnings.push(`${what} keeps rows for ${duration}; it refuses rows whose time is further back`);
    }
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    const late = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : error.message;
    look.faults.push(`${what}: ${late}`);
  } finally {
    client.close();
  }
  return look;
}
