import { randomUUID } from 'node:crypto';
import type { Bus } from '../bus/bus.js';

/** Table and key of the fact that holds the log's name. */
export const LOG_FACT = ['gateway', 'writer'] as const;

/** The name of a log, made with it: the origin of its gateway's records, and what positions in it refer to. */
export async function logIdentity(bus: Bus): Promise<string> {
  const known = bus.fact(...LOG_FACT);
  if (known) return known.toString();
  const name = randomUUID().slice(0, 8);
  const commit = bus.begin();
  commit.setFact(...LOG_FACT, Buffer.from(name));
  await commit.commit();
  return name;
}
