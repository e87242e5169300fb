import { LogBus } from '../../../bus/log/log-bus.js';
import { busContract } from '../../contract/bus.js';

busContract('the embedded log keeps the contract of a bus', async (dir, partitions) =>
  LogBus.open({ dir, partitions }),
);
