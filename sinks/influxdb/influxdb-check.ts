import { StoreFault } from '../delivery/store-fault.js';
import { InfluxdbClient } from './influxdb-client.js';
import { type InfluxdbOptions, placeText } from './influxdb-options.js';
import { retention } from './influxdb-queries.js';
import { prove } from './influxdb-store.js';

export interface InfluxdbLook {
  found: string;
  warnings: string[];
  faults: string[];
}

/** Reaches the store as the sink would and writes nothing. Its texts hold no secrets. */
export async function lookAtInfluxdb(options: InfluxdbOptions, timeoutMs: number): Promise<InfluxdbLook> {
  const { target, precision, gzip } = options;
  const client = new InfluxdbClient(target, precision, gzip);
  const signal = AbortSignal.timeout(timeoutMs);
  const what = placeText(target);
  const look: InfluxdbLook = { found: '', warnings: [], faults: [] };
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
