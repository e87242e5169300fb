import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { allThere, assertAllOnce, rows, send, yamlOf } from './group-scenario.js';

test(
  'grouping over Kafka gives each row once, also when the process that groups is killed',
  needsSharedKafka(),
  async (t) => {
    const { brokers } = await sharedKafka();
    const topic = uniqueName('group');
    const dirs = { gateway: tempDir('group-gateway'), process: tempDir('group-process') };
    const yaml = yamlOf(
      `{ kafka: { brokers: [${brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: 4, spool: ./spool, state: ./state } }`,
      [await freePort(), await freePort()],
    );
    const gateway = await new GatewayProcess(dirs.gateway, yaml, ['--role', 'gateway']).start();
    t.after(() => gateway.kill());
    const start = () => new GatewayProcess(dirs.process, yaml, ['--role', 'process', '--http', 'off']).start();
    const total = 400;
    let processing = await start();
    t.after(() => processing.kill());
    await send(gateway, 0, total / 2);
    await eventually('the first rows', () => rows(dirs.process, 'by_car').length > 0);
    await processing.kill();
    await send(gateway, total / 2, total);
    processing = await start();
    await allThere(dirs.process, total);
    for (const each of [gateway, processing]) assert.equal(await each.stop(), 0, each.stderr);
    assertAllOnce(dirs.process, total);
  },
);
