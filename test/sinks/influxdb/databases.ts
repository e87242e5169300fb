import type { Influxdb1Address } from '../../servers/influxdb1-server.js';
import { type Influxdb2Address, makeBucket } from '../../servers/influxdb2-server.js';
import type { Databases } from './under-test.js';

/** Runs InfluxQL as it is typed, and throws what it says is wrong. */
export async function influxql(url: string, q: string, authorization?: string): Promise<void> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ q }), headers });
  const text = await response.text();
  if (response.status !== 200 || text.includes('"error"')) throw new Error(`${q}: ${response.status} ${text}`);
}

export function databases1({ url }: Influxdb1Address): Databases {
  return {
    make: (name) => influxql(url, `CREATE DATABASE "${name}"`),
    target: (database) => ({ version: 1, url, database, username: null, password: null }),
    place: (database) => ({ url, database }),
  };
}

export function databases2(server: Influxdb2Address): Databases {
  const { url, org, token } = server;
  const made = new Set<string>();
  return {
    make: async (name) => {
      if (made.has(name)) return;
      await makeBucket(server, name).catch((error: Error) => {
        if (!error.message.includes('already exists')) throw error;
      });
      made.add(name);
    },
    target: (bucket) => ({ version: 2, url, org, bucket, token }),
    place: (database) => ({ url, database, authorization: `Token ${token}` }),
  };
}
