import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { committedRows } from '../sinks/kafka/read-committed.js';
import { eventually } from '../support/eventually.js';
import { driveFleets } from '../support/fleets.js';
import { assertSameRows, reference, repeated, Scenario } from './kafka-scenario.js';

const SEED = 7;
const SECONDS = 15;

/** The rows of a topic, as text, by stream; sorted. */
async function rowsOf(brokers: readonly string[], topic: string): Promise<Map<string, string[]>> {
  const rows = await committedRows(brokers, topic);
  for (const lines of rows.values()) lines.sort();
  return rows;
}

test(
  'processes that are killed, replaced, and stopped until others have their partitions, write each row once to a Kafka sink',
  needsSharedKafka(),
  async (t) => {
    const { brokers } = await sharedKafka();
    const wanted = await reference(SECONDS, SEED);
    const [topic, out] = [uniqueName('moved'), uniqueName('moved-out')];
    const to = `brokers: [${brokers.join(', ')}], topic: ${out}, partitions: 4`;
    const sinks = `  live: { type: kafka, from: [at_position, hard, hot], ${to} }\n`;
    const flow = new Scenario(t, brokers, { sinks }, topic);
    const gateway = await (await flow.process('gateway', 'gateway')).start();
    const one = await (await flow.process('one', 'process')).start();
    const two = await (await flow.process('two', 'process')).start();
    const drive = driveFleets(gateway, { seconds: SECONDS, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0, 60_000);
    await sleep(2000);
    await one.kill();
    const three = await (await flow.process('three', 'process')).start();
    await sleep(3000);
    // Longer than the group waits for it: it wakes up with partitions that are not its own any more.
    process.kill(two.pid, 'SIGSTOP');
    await sleep(20_000);
    process.kill(two.pid, 'SIGCONT');
    await drive.reports;
    const count = [...wanted.out.values()].reduce((sum, lines) => sum + lines.length, 0);
    const there = async () => [...(await rowsOf(brokers, out)).values()].reduce((sum, { length }) => sum + length, 0);
    let found = 0;
    await eventually('every row is in the topic', async () => (found = await there()) >= count, 60_000).catch(
      (error) => {
        throw new Error(
          `${error.message}: ${found} of ${count}\n${two.stderr.slice(-3000)}\n${three.stderr.slice(-3000)}`,
        );
      },
    );
    for (const each of [two, three, gateway]) await each.stop();
    t.diagnostic(JSON.stringify(repeated(two.stderr + three.stderr).slice(0, 10)));
    assertSameRows(await rowsOf(brokers, out), wanted.out, 'the topic');
  },
);
