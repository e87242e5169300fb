import { influxdb2 } from '../../servers/influxdb2-server.js';
import { databases2 } from './databases.js';
import { underTest } from './under-test.js';

export const influxdb: ReturnType<typeof underTest> = underTest(databases2(await influxdb2.shared()));
