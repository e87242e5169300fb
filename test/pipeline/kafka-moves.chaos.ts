import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsSharedKafka, sharedKafka } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { driveFleets } from '../support/fleets.js';
import { unionOf } from '../support/jsonl-files.js';
import { assertSameRows, reference, repeated, Scenario } from './kafka-scenario.js';

const SEED = 7;
const SECONDS = 15;

test(
  'processes that are added and removed while rows pass write each row once, over all of their files',
  needsSharedKafka(),
  async (t) => {
    const { brokers } = await sharedKafka();
    const wanted = await reference(SECONDS, SEED);
    const flow = new Scenario(t, brokers);
    const gateway = await (await flow.process('gateway', 'gateway')).start();
    const one = await (await flow.process('one', 'process')).start();
    const drive = driveFleets(gateway, { seconds: SECONDS, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0);
    const two = await (await flow.process('two', 'process')).start();
    await sleep(4000);
    const three = await (await flow.process('three', 'process')).start();
    await sleep(3000);
    assert.equal(await one.stop(), 0, one.stderr);
    await sleep(3000);
    // Its folder is from before: others have gone on with its partitions since.
    await one.start();
    await sleep(3000);
    assert.equal(await two.stop(), 0, two.stderr);
    await drive.reports;
    const found = await flow.finish(wanted);
    t.diagnostic(JSON.stringify(repeated(one.stderr + two.stderr + three.stderr).slice(0, 10)));
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  },
);

/**
 * What is promised when a process is killed: the outputs in Kafka hold each row once, for whoever reads them as Pitwall
 * does. A file sink's folder is its process's own. It holds each row once, but rows that were in it when the process was
 * killed, and whose position had not reached the changelog, are in the folder of the next owner again.
 */
test(
  'processes that are killed and replaced while rows pass put each row of the outputs into Kafka once',
  needsSharedKafka(),
  async (t) => {
    const { brokers } = await sharedKafka();
    const reached = reference(SECONDS, SEED);
    const flow = new Scenario(t, brokers);
    const gateway = await (await flow.process('gateway', 'gateway')).start();
    const one = await (await flow.process('one', 'process')).start();
    const two = await (await flow.process('two', 'process')).start();
    const drive = driveFleets(gateway, { seconds: SECONDS, seed: SEED });
    await eventually('rows on their way', () => flow.rows('out') > 0);
    await sleep(3000);
    await one.kill();
    const three = await (await flow.process('three', 'process')).start();
    await sleep(4000);
    await one.start();
    await sleep(4000);
    await three.kill();
    await sleep(2000);
    await two.kill();
    await two.start();
    await drive.reports;
    const wanted = await reached;
    await flow.finish(wanted);
    for (const { dir } of [one, two, three]) {
      for (const [stream, lines] of [...unionOf([join(dir, 'raw')]), ...unionOf([join(dir, 'out')])]) {
        assert.equal(new Set(lines).size, lines.length, `${stream} in ${dir}`);
      }
    }
    for (const sink of ['raw', 'out'] as const) {
      const union = unionOf(flow.folders(sink));
      for (const [stream, lines] of union) union.set(stream, [...new Set(lines)]);
      assertSameRows(union, wanted[sink], `the different rows of ${sink}`);
    }
    t.diagnostic(JSON.stringify(repeated(one.stderr + two.stderr + three.stderr).slice(0, 10)));

    // A sink that is added later reads the topics from their start.
    const later = new Scenario(t, brokers, {}, flow.topic, 'later');
    await (await later.process('later', 'process')).start();
    const found = await later.finish(wanted);
    assertSameRows(found.raw, wanted.raw, 'raw');
    assertSameRows(found.out, wanted.out, 'out');
  },
);
