import { influxdb1 } from '../../servers/influxdb1-server.js';
import { databases1 } from './databases.js';
import { underTest } from './under-test.js';

export const influxdb: ReturnType<typeof underTest> = underTest(databases1(await influxdb1.shared()));
