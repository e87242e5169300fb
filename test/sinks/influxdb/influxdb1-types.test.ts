import { INFLUXDB_1 } from './tested-server.js';
import { typeCases } from './type-cases.js';

await typeCases(INFLUXDB_1);
