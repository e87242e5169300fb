import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import avro from 'avsc';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { needsOwnSchemaRegistry, schemaRegistry } from '../servers/schema-registry.js';
import { avroRowsOf } from '../sinks/kafka/avro-rows.js';
import { readCommitted } from '../sinks/kafka/read-committed.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { rowCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

const T0 = 1_711_111_111_000;
const ROWS = 200;

function yaml(bus: string, sinks: string): string {
  return `
gateway: { mqtt: off, http: 127.0.0.1:0 }
streams: { "car/{car}/imu": {} }
bus: ${bus}
processors:
  fast: { from: "car/{car}/imu", steps: [ { filter: n >= ${ROWS / 2} } ] }
sinks:
  raw: { type: file, from: "#", path: ./raw, format: jsonl }
${sinks}
`;
}

async function send(http: string): Promise<void> {
  const client = await IngestClient.connect(http, '?client=a');
  for (let n = 0; n < ROWS; n++) {
    client.socket.send(JSON.stringify({ stream: `car/${n % 3}/imu`, seq: n + 1, t: T0 + n, n }));
  }
  await eventually('all is acknowledged', () => client.acked === ROWS);
}

describe('Over Kafka', { ...needsSharedKafka(), concurrency: 2 }, () => {
  test(
    'a schema registry that is away holds the bus up and loses nothing; then any Avro consumer reads every topic of rows.',
    needsOwnSchemaRegistry(),
    async (t) => {
      const { brokers } = await sharedKafka();
      const registry = await schemaRegistry();
      t.after(() => registry.kill());
      const name = uniqueName('registered');
      const dir = tempDir(name);
      const bus = `{ kafka: { brokers: [${brokers.join(', ')}], topic: ${name}, group: ${name}, partitions: 2, spool: ./spool, state: ./state, registry: { url: "${registry.url}" } } }`;
      const sinks = `  out: { type: kafka, from: fast, brokers: [${brokers.join(', ')}], topic: ${name}-out, partitions: 2, format: avro, registry: { url: "${registry.url}" } }`;
      const gateway = await new GatewayProcess(dir, yaml(bus, sinks)).start();
      t.after(() => gateway.kill());
      await send(gateway.http);
      await eventually('the fault is told', () => /the schema registry at .* nothing answers/.test(gateway.stderr));
      assert.equal(rowCount(join(dir, 'raw')), 0);
      await registry.start();
      await eventually('the devices rows are written', () => rowCount(join(dir, 'raw')) === ROWS);

      const types = new Map<number, avro.Type>();
      const schemaOf = async (id: number) => {
        const { schema } = (await (await fetch(`${registry.url}/schemas/ids/${id}`)).json()) as { schema: string };
        return schema;
      };
      for (const [topic, rows] of [
        [name, ROWS],
        [`${name}.fast`, ROWS / 2],
      ] as const) {
        await eventually(`${topic} has its rows`, async () => (await rowsOn(topic)) === rows, 60_000);
      }
      async function rowsOn(topic: string): Promise<number> {
        let rows = 0;
        for (const { value, headers } of await readCommitted(brokers, topic)) {
          if (headers.kind === 'tick') continue;
          assert.equal(value[0], 0);
          const id = value.readInt32BE(1);
          assert.equal(headers.registry, String(id));
          if (!types.has(id)) types.set(id, avro.Type.forSchema(JSON.parse(await schemaOf(id))));
          const batch = types.get(id)!.fromBuffer(value.subarray(5)) as { stream: string; rows: number };
          assert.equal(batch.stream, headers.stream);
          rows += batch.rows;
        }
        return rows;
      }
      const out = async () => {
        const messages = await readCommitted(brokers, `${name}-out`);
        const found: unknown[] = [];
        for (const { value, headers } of messages) {
          const [row] = avroRowsOf(await schemaOf(value.readInt32BE(1)), value.subarray(5));
          assert.equal(headers['tag.car'], row!.car);
          found.push(row!.n);
        }
        return found.sort((a, b) => Number(a) - Number(b));
      };
      await eventually('the sink has its rows', async () => (await out()).length >= ROWS / 2, 60_000);
      const wanted = Array.from({ length: ROWS / 2 }, (_, i) => ROWS / 2 + i);
      assert.deepEqual(await out(), wanted);
      assert.equal(await gateway.stop(), 0, gateway.stderr);
      const subjects = (await (await fetch(`${registry.url}/subjects`)).json()) as string[];
      for (const topic of [name, `${name}.fast`, `${name}-out`]) assert.ok(subjects.includes(`${topic}-value`), topic);
    },
  );

  test('a Kafka sink of the embedded log has each row once, also when the process is killed again and again.', async (t) => {
    const { brokers } = await sharedKafka();
    const topic = uniqueName('embedded');
    const dir = tempDir(topic);
    const text = yaml(
      '{ log: { dir: ./bus, partitions: 3 } }',
      `  out: { type: kafka, from: [fast, "#"], brokers: [${brokers.join(', ')}], topic: ${topic}, partitions: 2 }`,
    );
    let gateway = await new GatewayProcess(dir, text).start();
    t.after(() => gateway.kill());
    let seq = 0;
    for (let round = 0; round < 3; round++) {
      const client = await IngestClient.connect(gateway.http, '?client=a');
      const until = seq + ROWS;
      while (seq < until) {
        const n = seq++;
        client.socket.send(JSON.stringify({ stream: `car/${n % 3}/imu`, seq: n + 1, t: T0 + n, n }));
      }
      await eventually('all is acknowledged', () => client.acked === seq);
      await gateway.kill();
      gateway = await new GatewayProcess(dir, text).start();
    }
    const read = async () => {
      const messages = await readCommitted(brokers, topic);
      return messages.map(({ value }) => JSON.parse(value.toString()) as { stream: string; n: number });
    };
    const wanted = 2 * seq - ROWS / 2;
    await eventually('every row is there', async () => (await read()).length >= wanted, 60_000);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    const rows = await read();
    for (const [prefix, first] of [
      ['car/', 0],
      ['fast/car/', ROWS / 2],
    ] as const) {
      const found = rows
        .filter(({ stream }) => stream.startsWith(prefix))
        .map(({ n }) => n)
        .sort((a, b) => a - b);
      assert.deepEqual(
        found,
        Array.from({ length: seq - first }, (_, i) => first + i),
        prefix,
      );
    }
  });
});
