import { influxdb1 } from '../../servers/influxdb1-server.js';
import { influxdb2 } from '../../servers/influxdb2-server.js';
import { uniqueName } from '../../servers/unique-name.js';
import { databases1, databases2 } from './databases.js';
import type { Databases } from './under-test.js';

/** A server that the same tests are run on. */
export interface TestedServer {
  name: string;
  /** Installs it where it has to. */
  needs(): Promise<{ skip: string | false }>;
  databases(): Promise<Databases>;
}

export const INFLUXDB_1: TestedServer = {
  name: 'InfluxDB 1',
  needs: () => influxdb1.needsShared(),
  databases: async () => databases1(await influxdb1.shared()),
};

export const INFLUXDB_2: TestedServer = {
  name: 'InfluxDB 2',
  needs: () => influxdb2.needsShared(),
  databases: async () => databases2(await influxdb2.shared()),
};

/** A database of its own. */
export async function madeIn(databases: Databases) {
  const name = uniqueName('laps');
  await databases.make(name);
  return { name, target: databases.target(name), place: databases.place(name) };
}
