import { GrowingTimes } from '../../core/growing-times.js';
import { decodeDeadLetter } from '../../schemas/dead-letter.js';
import type { Config } from '../config/config.js';
import { isRefusedBy } from '../lanes/branch-letters.js';
import { letterRecords } from './letter-records.js';

/** Event times of the rows that the store of a branch has refused, by stream, as the dead letters have them, in its unit of time. */
export async function refusedTimes(config: Config, branch: string, unitUs: number): Promise<Map<string, GrowingTimes>> {
  const times = new Map<string, GrowingTimes>();
  for await (const record of letterRecords(config)) {
    if (!isRefusedBy(branch, record)) continue;
    const { stream, value } = record;
    const { t } = JSON.parse(decodeDeadLetter(value).original.toString()) as { t: number };
    if (!times.has(stream)) times.set(stream, new GrowingTimes());
    times.get(stream)!.push(Math.floor(t / unitUs) * unitUs);
  }
  return times;
}
