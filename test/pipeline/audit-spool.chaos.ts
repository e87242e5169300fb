import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsOwnKafka, startKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { rowCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';
import { sendRows } from './car-rows.js';

const CARS = 2;

interface Line {
  branch?: string;
  stream: string;
  bus: number;
  spooled: number;
  refused: number;
  stored: number;
  lost: number;
  missing: number;
}

test(
  'The audit tells what of the accepted rows Kafka has, and what stands in the spool while it is away.',
  needsOwnKafka(),
  async (t) => {
    const kafka = await startKafka();
    const topic = uniqueName('audit');
    const dir = tempDir('audit-spool');
    const gateway = new GatewayProcess(
      dir,
      `
gateway: { mqtt: off, http: 127.0.0.1:0 }
bus: { kafka: { brokers: [${kafka.brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: 2, spool: ./spool, state: ./state } }
sinks:
  lines: { type: file, from: "#", path: ./lines }
`,
    );
    t.after(() => gateway.kill());
    const audit = async () => {
      const { code, stdout } = await pitwall(['audit', '--json', '-c', join(dir, 'pitwall.yaml')]);
      const lines = stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line);
      return {
        code,
        front: lines.flatMap((each) => (each.branch ? [] : [[each.stream, each.bus, each.spooled, each.refused]])),
        lines: lines.flatMap((each) =>
          each.branch ? [[each.stream, each.bus, each.stored, each.lost, each.missing]] : [],
        ),
      };
    };
    const pending = async () => {
      const page = await (await fetch(`http://${gateway.http}/metrics`)).text();
      return Number(/^pitwall_spool_pending_records (\d+)$/m.exec(page)?.[1]);
    };

    await gateway.start();
    await sendRows(gateway, CARS, 0, 50);
    await eventually('all in Kafka', async () => (await pending()) === 0);
    await kafka.kill();
    await sendRows(gateway, CARS, 50, 80);
    const client = await IngestClient.connect(gateway.http);
    client.send({ stream: 'car/0/a', t: 'no time', n: 1 });
    await client.until('the refusal', () => client.rejects.length === 1);
    await client.close();
    await gateway.kill();
    await kafka.start();
    const away = await audit();
    assert.deepEqual(away.front, [
      ['car/0/a', 50, 30, 1],
      ['car/1/a', 50, 30, 0],
    ]);
    // How far the branch was, perhaps nobody has noted down: then nothing is lost, for all that is known.
    assert.equal(away.code, 0);
    assert.deepEqual(
      away.lines.map(([, bus, , lost]) => [bus, lost]),
      [
        [50, 0],
        [50, 0],
      ],
    );

    await gateway.start();
    await eventually('all in the files', () => rowCount(join(dir, 'lines')) === CARS * 80);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.deepEqual(await audit(), {
      code: 0,
      front: [
        ['car/0/a', 80, 0, 1],
        ['car/1/a', 80, 0, 0],
      ],
      lines: [
        ['car/0/a', 80, 80, 0, 0],
        ['car/1/a', 80, 80, 0, 0],
      ],
    });
  },
);
