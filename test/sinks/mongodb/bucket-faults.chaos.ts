import { mongodbFaults } from './fault-contract.js';

await mongodbFaults('bucket');
